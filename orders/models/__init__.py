from .events import EventRecord, OrderEvent, ReturnedItem
from .life_cycle import IllegalTransition
from .lines import NotReturnable, OrderLine
from .order import TOTAL_MAX, Order, OrderRecord

__all__ = [
    "TOTAL_MAX",
    "EventRecord",
    "IllegalTransition",
    "NotReturnable",
    "Order",
    "OrderEvent",
    "OrderLine",
    "OrderRecord",
    "ReturnedItem",
]
