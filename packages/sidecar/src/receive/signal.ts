/** What of OTLP is taken: two signals, whose requests are nested alike. */
export type Signal = 'traces' | 'logs';

/** What OTLP calls the messages of a signal; their field numbers are the same. */
export const messages = {
  traces: ['ExportTraceServiceRequest', 'ResourceSpans', 'ScopeSpans'],
  logs: ['ExportLogsServiceRequest', 'ResourceLogs', 'ScopeLogs'],
} as const;
