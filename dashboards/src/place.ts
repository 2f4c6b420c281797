/** Where the dashboards will stand: what of them differs from one Grafana to the next. */

export interface Place {
  /** Of the ClickHouse data source; alert rules, which know no variables, name it. */
  readonly datasourceUid: string;
  readonly datasourceName: string;
  /** The ClickHouse database that holds our tables. */
  readonly database: string;
  /** Title of the folder of dashboards and rules. */
  readonly folder: string;
  /** Where Grafana and Jaeger are read, for links from alerts and tables. */
  readonly grafanaUrl: string;
  readonly jaegerUrl: string;
  /** Grafana's contact point that alerts go to; empty: wherever the organisation's own policies send them. */
  readonly contactPoint: string;
  /** What stands before the name of a page of `docs/runbooks`: where your people read them. */
  readonly runbooksUrl: string;
}

/** What is checked in, and what `deploy/grafana` provisions. */
export const ownPlace: Place = {
  datasourceUid: 'routescope-clickhouse',
  datasourceName: 'Routescope',
  database: 'routescope',
  folder: 'Routescope',
  grafanaUrl: 'http://localhost:3000',
  jaegerUrl: 'http://localhost:16686',
  contactPoint: 'routescope',
  runbooksUrl: 'docs/runbooks',
};
