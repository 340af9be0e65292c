"""OpenTelemetry: one trace a call. Off unless OTEL_EXPORTER_OTLP_ENDPOINT is set."""
