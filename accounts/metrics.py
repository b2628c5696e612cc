from order_management.ops.metrics import EventCounter

replays = EventCounter(
    "idempotent_replays", "Changes answered again from an Idempotency-Key, by method and route.", "call"
)
refused_keys = EventCounter(
    "refused_idempotency_keys", "Idempotency-Keys used again with another request (422), by method and route.", "call"
)
