from order_management.ops.metrics import EventCounter

replays = EventCounter(
    "idempotent_replays",
    "Retries answered with the first response to their Idempotency-Key, by method and route.",
    "call",
)
refused_keys = EventCounter(
    "refused_idempotency_keys",
    "Idempotency-Keys used again with a different request (422), by method and route.",
    "call",
)
