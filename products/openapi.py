from drf_spectacular.utils import extend_schema

from order_management.schema import message, request_example, response_example

from .serializers import ProductSerializer

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
