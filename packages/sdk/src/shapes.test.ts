import { setFlagsFromString } from 'node:v8';
import { BasicTracerProvider, type ReadableSpan } from '@opentelemetry/sdk-trace-base';
import { expect, test } from 'vitest';
import { endSpan } from './sequence.ts';

setFlagsFromString('--allow-natives-syntax');
const hasFastProperties = new Function('object', 'return %HasFastProperties(object)') as (object: object) => boolean;

test('attributes of spans that name the same in the same order are no hash tables, whatever their values', () => {
  const tracer = new BasicTracerProvider().getTracer('test');
  const isFast = (value: (index: number) => string | number | string[]): boolean => {
    const span = tracer.startSpan('span', { attributes: { 'a.first': 'one' } });
    for (let index = 0; index < 30; index++) span.setAttribute(`a.number.${index}`, value(index));
    endSpan(span, Date.now());
    return hasFastProperties((span as unknown as ReadableSpan).attributes);
  };
  expect(isFast(() => 1)).toBe(false); // nobody has seen this shape yet
  expect(isFast(() => 2)).toBe(true);
  expect(isFast((index) => index + 0.5)).toBe(true);
  expect(isFast((index) => (index % 2 ? 'text' : ['list']))).toBe(true);
  expect(isFast(() => 3)).toBe(true);
});
