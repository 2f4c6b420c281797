/** What the ClickHouse data source of Grafana runs: our SQL, its parameters replaced by the plugin's macros. */
import { driftDefaults } from '@routescope/panels';
import type { Place } from './place.ts';

/** The version whose target model this is; without it the plugin takes a target for one of version 3. */
export const pluginVersion = '4.20.0';
export const pluginType = 'grafana-clickhouse-datasource';

/** Inside dashboards the data source is a variable. */
export const datasource = { type: pluginType, uid: `\${datasource}` } as const;

/** Points over time, of the screen's own width or of one that is given in seconds; or one point. */
export type Shape = 'points' | 'whole range' | number;

/**
 * Points begin at whole multiples of the interval: measured from the moment of looking, every refresh would cut the
 * buckets anew and the lines would tremble.
 */
function macrosOf(shape: Shape): Readonly<Record<string, string>> {
  if (shape === 'whole range')
    return {
      '{from:DateTime}': '$__fromTime',
      '{to:DateTime}': '$__toTime',
      '{step_s:UInt32}': "dateDiff('second', $__fromTime, $__toTime)",
    };
  const step = shape === 'points' ? '$__interval_s' : String(shape);
  return {
    '{from:DateTime}': `toStartOfInterval($__fromTime, INTERVAL ${step} second)`,
    '{to:DateTime}': '$__toTime',
    '{step_s:UInt32}': step,
  };
}

/** As our SQL narrows down to chosen values, and as the plugin does: its macro drops the condition while all are chosen. */
const chosenIdiom = /\(empty\(\{(\w+):Array\(String\)\}\) OR has\(\{\1:Array\(String\)\}, ([\w.]+)\)\)/g;
const chosenOrEmptyIdiom =
  /\(empty\(\{(\w+):Array\(String\)\}\) OR ([\w.]+) = '' OR has\(\{\1:Array\(String\)\}, \2\)\)/g;

/**
 * The statement with macros for parameters, and without comments: the plugin looks for macros in them too.
 * @param literals values of `{name:String}` that are the same for every reader.
 * @throws Error when a parameter has no macro.
 */
export function macroSql(
  sql: string,
  shape: Shape,
  place: Place,
  literals: Readonly<Record<string, string>> = {},
): string {
  const macros = macrosOf(shape);
  return sql
    .replaceAll(/^\s*--.*\n/gm, '')
    .replaceAll(chosenIdiom, `$__conditionalAll($2 IN (\${$1:singlequote}), $$$1)`)
    .replaceAll(chosenOrEmptyIdiom, `$__conditionalAll(($2 = '' OR $2 IN (\${$1:singlequote})), $$$1)`)
    .replaceAll(/\{(\w+):[A-Z][\w()]*\}/g, (parameter, name: string) => {
      const macro =
        macros[parameter] ??
        (literals[name] === undefined ? undefined : `'${literals[name]}'`) ??
        (name in driftDefaults ? literalOf(driftDefaults[name as keyof typeof driftDefaults]) : undefined) ??
        (name === 'trace_id' ? `\${trace_id:singlequote}` : undefined);
      if (macro === undefined) throw new Error(`Grafana has no macro for ${parameter}`);
      return macro;
    })
    .replaceAll(/\broutescope\./g, `${place.database}.`)
    .trim();
}

const literalOf = (value: string | number): string => (typeof value === 'string' ? `'${value}'` : String(value));

/** How the plugin hands over rows: as series whose labels are the text columns, as rows, or as spans. */
const formats = { timeseries: 0, table: 1, traces: 3 } as const;

/** A query of a panel, rule, variable or annotation. */
export function target(rawSql: string, queryType: keyof typeof formats, refId = 'A'): Record<string, unknown> {
  return {
    refId,
    pluginVersion,
    editorType: 'sql',
    format: formats[queryType],
    queryType,
    meta: { timezone: 'UTC' },
    rawSql,
  };
}
