from order_management.ops.metrics import EventCounter

orders = EventCounter(
    "orders",
    "Orders acknowledged: placed now, or replayed from an Idempotency-Key.",
    "outcome",
    initial=["placed", "replayed"],
)
