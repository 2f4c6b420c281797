/**
 * Makes the attributes of our spans cheap to set. OpenTelemetry adds them to an object one by one, under computed names;
 * after a dozen V8 makes a hash table of an object that grows so, which is dearer to fill, to read and to collect. It
 * does not where it knows an object with the same names in the same order: so one of each such order is kept.
 */
import type { Span } from '@opentelemetry/api';

const kept = new Map<string, object>();
/** Of a client, its methods and what a request may name, an app has a few. */
const mostShapes = 100;
/** The first of all spans are looked at, and then some: a shape that comes up later is found in a while. */
const first = 200;
const everyNth = 256;
let looked = 0;

/** @param span about to end, whose attributes are all there. */
export function keepShape(span: Span): void {
  if (++looked > first && looked % everyNth !== 0) return;
  const { attributes } = span as { readonly attributes?: unknown };
  if (kept.size >= mostShapes || typeof attributes !== 'object' || attributes === null) return;
  const names = Object.keys(attributes);
  const order = names.join();
  if (kept.has(order)) return;
  const shape: Record<string, unknown> = {};
  for (const name of names) {
    Object.defineProperty(shape, name, { value: 0, writable: true, enumerable: true, configurable: true });
    // First a number, then a text: a shape for any value is never given up for that of another.
    shape[name] = '';
  }
  kept.set(order, shape);
}
