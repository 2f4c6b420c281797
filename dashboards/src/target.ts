/** What the ClickHouse data source of Grafana runs: a definition's SQL, its parameters replaced by the plugin's macros. */
import { type Alert, type Panel, sqlOf } from '@routescope/panels';

const pluginType = 'grafana-clickhouse-datasource';

/** Stable, so that alert rules, which know no variables, and provisioned data sources name the same one. */
export const datasourceUid = 'routescope-clickhouse';

/** Inside dashboards the data source is a variable. */
export const datasource = { type: pluginType, uid: `\${datasource}` } as const;

/** The version whose target model this is; without it the plugin takes a target for one of version 3. */
const pluginVersion = '4.20.0';

type Shape = 'points' | 'whole range';

/**
 * `points` begin at whole multiples of the interval: measured from the moment of looking, every refresh would cut the
 * buckets anew and the lines would tremble.
 */
const macros: Readonly<Record<Shape, Readonly<Record<string, string>>>> = {
  points: {
    '{from:DateTime}': 'toStartOfInterval($__fromTime, INTERVAL $__interval_s second)',
    '{to:DateTime}': '$__toTime',
    '{step_s:UInt32}': '$__interval_s',
  },
  'whole range': {
    '{from:DateTime}': '$__fromTime',
    '{to:DateTime}': '$__toTime',
    '{step_s:UInt32}': "dateDiff('second', $__fromTime, $__toTime)",
  },
};

/**
 * The statement with macros for parameters, and without comments: the plugin looks for macros in them too.
 * @throws Error when a parameter has no macro.
 */
export function macroSql(definition: Panel | Alert, shape: Shape): string {
  const sql = sqlOf(definition)
    .replaceAll(/^\s*--.*\n/gm, '')
    .replaceAll(/\{\w+:\w+\}/g, (parameter) => {
      const macro = macros[shape][parameter];
      if (macro === undefined) throw new Error(`${definition.id}.sql: Grafana has no macro for ${parameter}`);
      return macro;
    });
  return sql.trim();
}

/** A query of a panel or a rule. `format` 0 turns key columns into labels of series, 1 leaves rows as they are. */
export function target(definition: Panel | Alert, shape: Shape): Record<string, unknown> {
  return {
    refId: 'A',
    pluginVersion,
    editorType: 'sql',
    format: 'visual' in definition && shape === 'points' ? 0 : 1,
    queryType: 'visual' in definition && shape === 'points' ? 'timeseries' : 'table',
    meta: { timezone: 'UTC' },
    rawSql: macroSql(definition, shape),
  };
}
