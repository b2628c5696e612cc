from drf_spectacular.utils import OpenApiParameter

from order_management.api.openapi import (
    IF_MATCH,
    conflict,
    location,
    message,
    operation,
    request_example,
    response_example,
)

from .bulk_stock import REFUSED_MAX, StockDiffers
from .serializers import (
    AdjustmentSerializer,
    FeedMovementSerializer,
    MovementSerializer,
    ProductSerializer,
    StockChangesSerializer,
)
from .services import NotDeleted, StockOutOfBounds

BAT = {"id": 1, "name": "Bat", "price": "1200.00", "quantity": 10}
INTEGER = {"type": "integer"}
MOVEMENT = {
    "id": 2,
    "kind": "adjusted",
    "delta": -2,
    "balance": 8,
    "order": None,
    "by": "admin",
    "note": "damaged",
    "created_at": "2026-11-22T10:00:00.123456Z",
}


@operation("List products", responses=ProductSerializer(many=True), examples=[response_example(BAT)])
def product_list():
    """A page ends at 100 products unless `page_size` says otherwise; the next one is in the `Link` header."""


@operation(
    "Create a product",
    examples=[request_example({"name": "Bat", "price": 1200, "quantity": 10}), response_example(BAT, 201)],
    parameters=[location("The path of the product.")],
    responses={201: ProductSerializer},
)
def product_create():
    """`quantity` is its initial stock."""


@operation("Get a product", examples=[response_example(BAT)])
def product_get():
    """With its current stock. Send its `ETag` back in `If-Match` to change it only if nobody else has."""


change = {
    "request": ProductSerializer(partial=True),
    "examples": [request_example({"quantity": 15}), response_example(BAT | {"quantity": 15})],
}


@operation("Change a product", **change)
def product_put():
    """Send only what changes."""


@operation("Change a product, the same as PUT", **change)
def product_patch():
    """Send only what changes."""


@operation("Delete a product", request=None, responses={200: message("Product deleted")})
def product_delete():
    """It disappears from every list and can no longer be ordered, until it is restored."""


@operation(
    "Restore a deleted product",
    request=None,
    examples=[response_example(BAT)],
    responses={200: ProductSerializer, 409: conflict(NotDeleted())},
)
def product_restore():
    """It can be listed and ordered again. Its stock is what the ledger says."""


@operation(
    "Read a product's ledger",
    tags=["stock"],
    responses=MovementSerializer(many=True),
    examples=[response_example(MOVEMENT)],
)
def stock_list():
    """Every change of its stock, newest first, even if the product is deleted.

    A page ends at 100 rows unless `page_size` says otherwise; the next one is in the `Link` header.
    """


@operation(
    "Follow the stock",
    tags=["stock"],
    responses=FeedMovementSerializer(many=True),
    examples=[response_example({"id": 2, "product": 1} | MOVEMENT)],
)
def stock_feed():
    """The ledger of all products as a feed, oldest first, for programs that must not miss a change.

    Every page has a `Link` with `rel="next"`, even the last one: keep this URL and request it later to get the rows
    added since. No row is skipped or repeated, and the rows of one product come in the order of its ledger. After the
    database has been restored, an old `cursor` gets a 400: start again.
    """


@operation(
    "Change the stock of several products",
    tags=["stock"],
    request=StockChangesSerializer,
    examples=[
        request_example({"changes": [{"product": 1, "delta": 5}]}, "A delivery"),
        request_example(
            {
                "changes": [{"product": 1, "delta": 5}, {"product": 2, "quantity": 12, "expected": 10}],
                "note": "count of November",
            },
            "All fields",
        ),
        response_example(BAT | {"quantity": 15}),
    ],
    responses={
        200: ProductSerializer(many=True),
        409: conflict(
            StockDiffers(items=[{"product": 2, "expected": 10, "available": 9}]),
            StockOutOfBounds(items=[{"product": 1, "requested": -12, "available": 10}]),
            properties={
                "items": {
                    "type": "array",
                    "maxItems": REFUSED_MAX,
                    "items": {
                        "type": "object",
                        "properties": dict.fromkeys(["product", "requested", "expected", "available"], INTEGER),
                        "required": ["available", "product"],
                    },
                },
                "more": INTEGER,
            },
            description="Some changes are not possible: `items` names the first 100, `more` counts the others.",
        ),
    },
)
def stock_change():
    """Up to 500 deliveries (`delta`) and counts (`quantity`), all or none, each product once.

    With `expected`, a count is refused unless that is the stock, so that no sale in between is lost. A count that
    equals the stock writes nothing to the ledger.
    """


@operation(
    "Adjust a product's stock",
    tags=["stock"],
    parameters=[OpenApiParameter("If-Match", str, OpenApiParameter.HEADER, description=IF_MATCH)],
    request=AdjustmentSerializer,
    examples=[request_example({"delta": -2, "note": "damaged"}), response_example(BAT | {"quantity": 8})],
    responses={200: ProductSerializer, 409: conflict(StockOutOfBounds())},
)
def stock_adjust():
    """Refused if the stock would fall below zero or rise above 2147483647."""
