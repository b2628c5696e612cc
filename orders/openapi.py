from datetime import date

from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema

from order_management.api.schema import conflict, error, request_example, response_example

from .serializers import (
    EventSerializer,
    NoteSerializer,
    OrderSerializer,
    PlaceOrderSerializer,
    ReportSerializer,
)

ITEMS = [{"product": 1, "quantity": 2}, {"product": 7, "quantity": 1}]
ORDER = {
    "id": 12,
    "customer": "user1",
    "status": "pending",
    "items": [
        {"product": 1, "name": "Bat", "price": "1200.00", "quantity": 2, "subtotal": "2400.00"},
        {"product": 7, "name": "Ball", "price": "250.00", "quantity": 1, "subtotal": "250.00"},
    ],
    "total": "2650.00",
    "note": "ring twice",
    "allowed_actions": ["cancel"],
    "created_at": "2026-11-22T10:00:00.123456Z",
    "updated_at": "2026-11-22T10:00:00.123456Z",
}
CONFIRMED = ORDER | {"status": "confirmed", "allowed_actions": ["ship", "cancel"]}
EVENT = {"status": "pending", "by": "user1", "note": "", "created_at": "2026-11-22T10:00:00.123456Z"}
REPORT = {
    "from": "2026-11-01",
    "to": "2026-11-01",
    "orders": 1,
    "revenue": "2650.00",
    "by_day": [{"date": "2026-11-01", "orders": 1, "revenue": "2650.00"}],
    "top_products": [{"product": 1, "name": "Bat", "quantity": 2, "revenue": "2400.00"}],
}
INTEGER = {"type": "integer"}
SHORT = {"product": 1, "requested": 2, "available": 1}

KEY = OpenApiParameter(
    "Idempotency-Key",
    {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"},
    OpenApiParameter.HEADER,
    description="A new one for each order, the same for each retry: one order, one answer. Kept at least 24 hours.",
)
LOCATION = OpenApiParameter("Location", str, OpenApiParameter.HEADER, response=[201], description="Where the order is.")
REPLAYED = OpenApiParameter(
    "Idempotent-Replayed",
    {"type": "string", "const": "true"},
    OpenApiParameter.HEADER,
    response=[201],
    description="The order was placed earlier, with this key.",
)

OUT_OF_STOCK = conflict(
    "Not enough stock.",
    {
        "items": {"type": "array", "items": {"type": "object", "properties": dict.fromkeys(SHORT, INTEGER)}},
        "total": {"type": "string"},
    },
    description="Too little stock, or not the expected total.",
    items=[SHORT],
)
OUT_OF_STOCK.examples += conflict("The total is not the expected one.", total="2700.00").examples


def day(name, example):
    return OpenApiParameter(name, date, required=True, examples=[OpenApiExample("Day", example)])


order_list = extend_schema(
    operation_id="order_list",
    tags=["orders"],
    summary="List orders",
    description="A Customer's own, an Admin's all; newest first. A page ends at 100 orders unless `page_size` says "
    "otherwise, and after the order that reaches 10,000 lines; the next one is in the `Link` header.",
    responses=OrderSerializer(many=True),
    examples=[response_example(ORDER)],
)
order_create = extend_schema(
    operation_id="order_create",
    tags=["orders"],
    summary="Place an order",
    description="All or nothing. Lines of the same product are added up; names and prices are kept as they are now. "
    "With `expected_total`, the order is only placed if that is the total.",
    parameters=[KEY, LOCATION, REPLAYED],
    request=PlaceOrderSerializer,
    examples=[
        # The first is what Swagger UI offers to send: it works wherever there is one product.
        request_example({"items": [{"product": 1, "quantity": 2}]}, "One product"),
        request_example({"items": ITEMS, "note": "ring twice", "expected_total": "2650.00"}, "With all there is"),
        response_example(ORDER, 201),
    ],
    responses={
        201: OrderSerializer,
        409: OUT_OF_STOCK,
        422: conflict("This Idempotency-Key was used with another body.", description="The key is taken."),
        429: error(
            "The Customer has recently placed as many orders as the server allows (`ORDER_RATE`).",
            "Too many orders. Expected available in 1800 seconds.",
        ),
    },
)
order_get = extend_schema(
    operation_id="order_get",
    tags=["orders"],
    summary="Get an order",
    description="`allowed_actions` are the steps that you may take now.",
    examples=[response_example(ORDER)],
)
order_events = extend_schema(
    operation_id="order_events",
    tags=["orders"],
    summary="List the steps an order has taken",
    description="Oldest first.",
    responses=EventSerializer(many=True),
    examples=[response_example(EVENT)],
)
sales_report = extend_schema(
    operation_id="sales_report",
    tags=["reports"],
    summary="Sum up what was sold",
    description="Without cancelled and returned orders. `top_products` are the ten with the most revenue.",
    parameters=[day("from", "2026-11-01"), day("to", "2026-11-30")],
    responses=ReportSerializer,
    examples=[response_example(REPORT)],
)
order_step = extend_schema(
    operation_id="order_{step}",
    tags=["orders"],
    summary="Take the step: {step}",
    description="The note goes into the order's events. The example is of `confirm`.",
    request=NoteSerializer,
    examples=[request_example({"note": "paid"}), response_example(CONFIRMED)],
    responses={200: OrderSerializer, 409: conflict("The order is cancelled and cannot become confirmed.")},
)
