/** `POST /v1/events`: what was changed, and what people decided: deploys, pins, acceptances, silences. */
import { createHash } from 'node:crypto';
import { reportedEventKinds } from '@routescope/conventions';
import { isSignal, signalNames } from '../watch/signals.ts';
import { optionalTime, record, required, text, time } from './fields.ts';

/** A row of `routescope.events`. */
export type EventRow = Readonly<Record<string, string | null | Readonly<Record<string, number>>>>;

/**
 * @param now epoch milliseconds, for events that do not say when.
 * @throws Error that names every field that is wrong.
 */
export function eventRows(body: unknown, now = Date.now()): EventRow[] {
  const problems: string[] = [];
  const events = (body as { events?: unknown } | null)?.events;
  if (!Array.isArray(events)) throw new Error('expected {"events": [ … ]}');
  const rows = events.map((event: unknown, index) => {
    const where = `events[${index}]`;
    const fields = record(event, where, problems);
    const kind = required(fields['kind'], `${where}.kind`, problems);
    if (kind !== '' && !(reportedEventKinds as readonly string[]).includes(kind))
      problems.push(`${where}.kind: ${JSON.stringify(kind)} is none of ${reportedEventKinds.join(', ')}`);
    const until = optionalTime(fields['until'], `${where}.until`, problems);
    if (kind === 'silence' && until === null) problems.push(`${where}.until: a silence must end`);
    const numbers = numbersOf(fields['numbers'], `${where}.numbers`, problems);
    if (kind === 'pin' && !((numbers['units'] ?? 0) > 0 && (numbers['fallbacks'] ?? -1) >= 0))
      problems.push(`${where}.numbers: a pin needs "units" above 0 and "fallbacks" from 0`);
    const signal = text(fields['signal'], `${where}.signal`, problems);
    if (signal !== '' && !isSignal(signal))
      problems.push(`${where}.signal: ${JSON.stringify(signal)} is none of ${signalNames}`);
    const row = {
      kind,
      at: time(fields['at'] ?? now, `${where}.at`, problems),
      since: optionalTime(fields['since'], `${where}.since`, problems),
      until,
      environment: text(fields['environment'], `${where}.environment`, problems),
      service: text(fields['service'], `${where}.service`, problems),
      tag: text(fields['tag'], `${where}.tag`, problems),
      model: text(fields['model'], `${where}.model`, problems),
      signal,
      name: text(fields['name'], `${where}.name`, problems),
      state: text(fields['state'], `${where}.state`, problems),
      text: text(fields['text'], `${where}.text`, problems),
      by: text(fields['by'], `${where}.by`, problems),
      numbers,
      details: text(fields['details'], `${where}.details`, problems),
    };
    const id = text(fields['id'], `${where}.id`, problems);
    return { ...row, id: id || hashOf(row), recorded_at: (now / 1000).toFixed(6) };
  });
  if (problems.length > 0) throw new Error(problems.join('; '));
  return rows;
}

/** 32 hex digits that are the same for the same event. */
const hashOf = (row: EventRow): string => createHash('sha256').update(JSON.stringify(row)).digest('hex').slice(0, 32);

function numbersOf(value: unknown, where: string, problems: string[]): Record<string, number> {
  if (value === undefined || value === null) return {};
  const numbers = record(value, where, problems);
  for (const [name, each] of Object.entries(numbers))
    if (typeof each !== 'number' || !Number.isFinite(each)) problems.push(`${where}.${name}: expected a number`);
  return numbers as Record<string, number>;
}
