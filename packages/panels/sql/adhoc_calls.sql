-- What Grafana's ad-hoc filters offer where screens read single calls: columns that name something, and their values.
SELECT DISTINCT environment, service, service_version, prompt_version, tag, feature, user_segment, final_model, route_reason, outcome, fallback_cause, error_type
FROM routescope.calls
LIMIT 1000
