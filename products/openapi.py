from drf_spectacular.utils import OpenApiParameter, extend_schema

from order_management.api.schema import IF_MATCH, conflict, message, request_example, response_example

from .serializers import AdjustmentSerializer, MovementSerializer, ProductSerializer

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
BAT = {"id": 1, "name": "Bat", "price": "1200.00", "quantity": 10}

product_list = extend_schema(
    operation_id="product_list",
    tags=["products"],
    summary="List the products",
    description="A page ends at 100 products unless `page_size` says otherwise; the next one is in the `Link` header.",
    responses=ProductSerializer(many=True),
    examples=[response_example(BAT)],
)
product_create = extend_schema(
    operation_id="product_create",
    tags=["products"],
    summary="Create a product",
    description="Its `quantity` is the stock to begin with.",
    examples=[request_example({"name": "Bat", "price": 1200, "quantity": 10}), response_example(BAT, 201)],
    responses={201: ProductSerializer},
)
product_get = extend_schema(
    operation_id="product_get",
    tags=["products"],
    summary="Get a product",
    description="With its current stock; the `ETag` allows a safe change.",
    examples=[response_example(BAT)],
)
change = {
    "tags": ["products"],
    "description": "Send only what changes.",
    "request": ProductSerializer(partial=True),
    "examples": [request_example({"quantity": 15}), response_example(BAT | {"quantity": 15})],
}
product_put = extend_schema(operation_id="product_put", summary="Change a product", **change)
product_patch = extend_schema(operation_id="product_patch", summary="Change a product, the same as PUT", **change)
product_delete = extend_schema(
    operation_id="product_delete",
    tags=["products"],
    summary="Delete a product",
    description="It leaves every list, for good.",
    request=None,
    responses={200: message("Product deleted")},
)
stock_list = extend_schema(
    operation_id="stock_list",
    tags=["stock"],
    summary="Read a product's ledger",
    description="Every change of its stock, newest first; of a deleted product, too. A page ends at 100 rows unless "
    "`page_size` says otherwise; the next one is in the `Link` header.",
    responses=MovementSerializer(many=True),
    examples=[response_example(MOVEMENT)],
)
stock_adjust = extend_schema(
    operation_id="stock_adjust",
    tags=["stock"],
    summary="Book stock in or out",
    description="Below zero, or past 2147483647, it is refused.",
    parameters=[OpenApiParameter("If-Match", str, OpenApiParameter.HEADER, description=IF_MATCH["description"])],
    request=AdjustmentSerializer,
    examples=[request_example({"delta": -2, "note": "damaged"}), response_example(BAT | {"quantity": 8})],
    responses={200: ProductSerializer, 409: conflict("The stock must stay between 0 and 2147483647.")},
)
