from datetime import date

from drf_spectacular.utils import OpenApiExample, OpenApiParameter

from order_management.api.openapi import conflict, error, location, operation, request_example, response_example
from order_management.exceptions import Code
from products.services import StockOutOfBounds

from .models import IllegalTransition, NotReturnable
from .serializers import (
    EventSerializer,
    FeedEventSerializer,
    NoteSerializer,
    OrderSerializer,
    PlaceOrderSerializer,
    PreviewSerializer,
    ReportSerializer,
    ReturnSerializer,
)
from .services import OutOfStock, TotalDiffers

ITEMS = [{"product": 1, "quantity": 2}, {"product": 7, "quantity": 1}]
SHORT = {"product": 1, "requested": 2, "available": 1}
ORDER = {
    "id": 12,
    "customer": "user1",
    "status": "pending",
    "items": [
        {"product": 1, "name": "Bat", "price": "1200.00", "quantity": 2, "returned": 0, "subtotal": "2400.00"},
        {"product": 7, "name": "Ball", "price": "250.00", "quantity": 1, "returned": 0, "subtotal": "250.00"},
    ],
    "total": "2650.00",
    "note": "ring twice",
    "allowed_actions": ["cancel"],
    "created_at": "2026-11-22T10:00:00.123456Z",
    "updated_at": "2026-11-22T10:00:00.123456Z",
}
PREVIEW = {name: ORDER[name] for name in ("items", "total")} | {"short": [SHORT]}
CONFIRMED = ORDER | {"status": "confirmed", "allowed_actions": ["ship", "cancel"]}
PARTLY_RETURNED = ORDER | {
    "status": "delivered",
    "items": [ORDER["items"][0] | {"returned": 1}, ORDER["items"][1]],
    "allowed_actions": ["return"],
}
EVENT = {
    "status": "pending",
    "by": "user1",
    "note": "",
    "created_at": "2026-11-22T10:00:00.123456Z",
    "action": "place",
    "items": None,
}
REPORT = {
    "from": "2026-11-01",
    "to": "2026-11-01",
    "orders": 1,
    "revenue": "2650.00",
    "by_day": [{"date": "2026-11-01", "orders": 1, "revenue": "2650.00"}],
    "top_products": [{"product": 1, "name": "Bat", "quantity": 2, "revenue": "2400.00"}],
}
INTEGER = {"type": "integer"}
TOO_MANY = {"product": 1, "requested": 2, "returnable": 1}


def refused_items(example):
    return {"type": "array", "items": {"type": "object", "properties": dict.fromkeys(example, INTEGER)}}


OUT_OF_STOCK = conflict(
    *(OutOfStock(items=[SHORT]), TotalDiffers(total="2700.00")),
    properties={
        "items": refused_items(SHORT),
        "total": {"type": "string"},
    },
    description="There is not enough stock, or the total differs from `expected_total`.",
)
WRONG_STEP = conflict(
    *(IllegalTransition("The order is cancelled and cannot become confirmed."), StockOutOfBounds()),
    description="The order is in another status, or its items would exceed the largest stock.",
)
WRONG_RETURN = conflict(
    NotReturnable(items=[TOO_MANY]),
    IllegalTransition("The order is shipped and cannot become returned."),
    StockOutOfBounds(),
    properties={"items": refused_items(TOO_MANY)},
    description="The order is in another status, has fewer pieces left, or its items would exceed the largest stock.",
)


def day(name, example):
    return OpenApiParameter(name, date, required=True, examples=[OpenApiExample("Day", example)])


@operation("List orders", responses=OrderSerializer(many=True), examples=[response_example(ORDER)])
def order_list():
    """Customers see their own orders, Admins see all; newest first.

    A page ends at 100 orders unless `page_size` says otherwise, and after the order that reaches 10,000 lines; the
    next one is in the `Link` header.
    """


@operation(
    "Place an order",
    parameters=[location("The path of the order.")],
    request=PlaceOrderSerializer,
    examples=[
        # Swagger UI offers the first one to send: it works wherever there is one product.
        request_example({"items": [{"product": 1, "quantity": 2}]}, "One product"),
        request_example({"items": ITEMS, "note": "ring twice", "expected_total": "2650.00"}, "With a note"),
        request_example({"items": ITEMS, "customer": "user1"}, "For a customer, as an Admin"),
        response_example(ORDER, 201),
    ],
    responses={
        201: OrderSerializer,
        409: OUT_OF_STOCK,
        429: error(
            "The Customer has placed as many orders as the server allows in this period (`ORDER_RATE`).",
            "Too many orders. Expected available in 1800 seconds.",
            Code.THROTTLED,
        ),
    },
)
def order_create():
    """All or nothing.

    Lines with the same product are added up. The order keeps the current names and prices. With `expected_total`, it
    is only placed if that is the total. An Admin can order for another user: `customer` is their username.
    """


@operation(
    "Preview an order",
    request=PlaceOrderSerializer,
    examples=[
        request_example({"items": [{"product": 1, "quantity": 2}]}, "One product"),
        response_example(PREVIEW),
    ],
    responses={200: PreviewSerializer},
)
def order_preview():
    """The lines and the total it would have now, and in `short` the products of which there is not enough.

    Nothing is changed. The body is that of an order; `expected_total` and an `Idempotency-Key` are ignored.
    """


@operation("Get an order", examples=[response_example(ORDER)])
def order_get():
    """`allowed_actions` are the steps that you may take now."""


@operation("List the events of an order", responses=EventSerializer(many=True), examples=[response_example(EVENT)])
def order_events():
    """The steps it has taken, oldest first.

    `items` says what came back with a return; it is null for any other step.
    """


@operation(
    "Follow the orders",
    responses=FeedEventSerializer(many=True),
    examples=[response_example({"id": 31, "order": 12} | EVENT)],
)
def order_feed():
    """The events of all orders as a feed, oldest first, for programs that must not miss a change.

    Every page has a `Link` with `rel="next"`, even the last one: keep this URL and request it later to get the events
    added since. No event is skipped or repeated, and the events of one order come in the order in which they happened.
    After the database has been restored, an old `cursor` gets a 400: start again.
    """


@operation(
    "Take the step: {step}",
    operation_id="order_{step}",
    request=NoteSerializer,
    examples=[request_example({"note": "paid"}), response_example(CONFIRMED)],
    responses={200: OrderSerializer, 409: WRONG_STEP},
)
def order_step():
    """The note becomes part of the order's events. The example is for `confirm`."""


@operation(
    "Return an order",
    operation_id="order_return",
    request=ReturnSerializer,
    examples=[
        request_example({"note": "did not fit"}, "Everything that is left"),
        request_example(
            {"items": [{"product": 1, "quantity": 1}], "restock": False, "note": "broken"}, "One damaged piece"
        ),
        response_example(PARTLY_RETURNED),
    ],
    responses={200: OrderSerializer, 409: WRONG_RETURN},
)
def order_return():
    """Everything that is left, or what is in `items`; lines with the same product are added up.

    The goods go back into stock unless `restock` is false. The order stays delivered until every piece is back. Its
    `total` is always what was ordered. The response is for the second example.
    """


@operation(
    "Get the sales report",
    tags=["reports"],
    parameters=[day("from", "2026-11-01"), day("to", "2026-11-30")],
    responses=ReportSerializer,
    examples=[response_example(REPORT)],
)
def sales_report():
    """Canceled and returned orders do not count, and neither do returned pieces.

    `top_products` are the ten with the most revenue.
    """
