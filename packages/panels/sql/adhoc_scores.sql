-- What Grafana's ad-hoc filters offer where screens read scores: columns that name something, and their values.
SELECT DISTINCT environment, service, tag, tier, model, name, scorer
FROM routescope.scores
LIMIT 1000
