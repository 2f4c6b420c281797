/** A ClickHouse client as what the panels' and alerts' definitions ask with. */
import type { ClickHouseClient } from '@clickhouse/client';
import type { Ask } from '@routescope/panels';

export const askOf =
  (client: ClickHouseClient): Ask =>
  async (query, query_params) =>
    (await client.query({ query, query_params, format: 'JSONEachRow' })).json();
