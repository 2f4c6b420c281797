-- What Grafana's ad-hoc filters offer where screens read the rollup: its columns that name something, and their values.
SELECT DISTINCT environment, tag, route_version, first_tier, first_model, final_tier, final_model
FROM routescope.calls_1m
LIMIT 1000
