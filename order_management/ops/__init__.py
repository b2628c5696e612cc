"""What operators see: logs, metrics, health checks and error pages.

No API response depends on it. Counters and events that are about an app are defined there.
"""
