"""What operators see: logs, metrics, health checks. Nothing a caller's answer depends on."""
