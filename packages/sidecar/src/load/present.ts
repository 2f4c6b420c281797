/** Whether anything of a segment is in the tables already, though the engine never said so. */
import type { ClickHouseClient } from '@clickhouse/client';
import { identitiesOf } from '../spool/record.ts';

export type Holds = (records: Buffer) => Promise<boolean>;

/** Well below the longest statement a server reads. */
const pairsPerQuestion = 2_000;

/** Evaluation results have no ids to ask for; only spans are looked up. */
export function holdsIn(reader: ClickHouseClient): Holds {
  return async (records) => {
    const pairs: string[] = [];
    identitiesOf(records, (from, traceId, spanId) => {
      const hex = (at: number, bytes: number): string => Buffer.from(from.subarray(at, at + bytes)).toString('hex');
      pairs.push(`('${hex(traceId, 16)}','${hex(spanId, 8)}')`);
    });
    for (let from = 0; from < pairs.length; from += pairsPerQuestion) {
      const some = pairs.slice(from, from + pairsPerQuestion).join(',');
      const result = await reader.query({
        query: `SELECT (SELECT count() FROM routescope.otel_traces WHERE (TraceId, SpanId) IN (${some})) + (SELECT count() FROM routescope.attempts WHERE (trace_id, span_id) IN (${some})) AS n`,
        format: 'JSONEachRow',
      });
      if (Number((await result.json<{ n: string }>())[0]?.n) > 0) return true;
    }
    return false;
  };
}
