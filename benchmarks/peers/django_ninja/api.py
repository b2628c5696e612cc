from collections import Counter
from decimal import Decimal

import orjson
from django.contrib.auth import authenticate
from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.db.models import F, Prefetch
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from ninja import NinjaAPI, Query
from ninja.errors import HttpError
from ninja.renderers import BaseRenderer

from benchmarks.peers.django_models.models import Movement, Order, OrderEvent, OrderLine, Product

from .auth import AdminAuth, UserAuth, new_tokens
from .schemas import Credentials, Message, OrderIn, OrderOut, ProductChange, ProductIn, ProductOut, Tokens


class ORJSONRenderer(BaseRenderer):
    media_type = "application/json"

    def render(self, request, data, *, response_status):
        return orjson.dumps(data, default=str, option=orjson.OPT_UTC_Z)


api = NinjaAPI(auth=UserAuth(), renderer=ORJSONRenderer())


@api.post("/accounts/register/", auth=None, response={201: Message})
def register(request, credentials: Credentials):
    try:
        User.objects.create_user(credentials.username, password=credentials.password)
    except IntegrityError:
        raise HttpError(400, "A user with that username already exists.") from None
    return {"message": "Customer registered successfully"}


@api.post("/login/", auth=None, response=Tokens)
def login(request, credentials: Credentials):
    user = authenticate(request, username=credentials.username, password=credentials.password)
    if user is None:
        raise HttpError(401, "No active account found with the given credentials")
    return new_tokens(user)


@api.get("/products/", response=list[ProductOut])
def list_products(
    request, response: HttpResponse, page_size: int = Query(100, ge=1, le=1000), after: int = Query(0, ge=0)
):
    products = list(Product.objects.filter(id__gt=after).order_by("id")[:page_size])
    if len(products) == page_size:
        url = request.build_absolute_uri(f"?page_size={page_size}&after={products[-1].id}")
        response["Link"] = f'<{url}>; rel="next"'
    return products


@api.get("/products/{int:product_id}/", response=ProductOut)
def get_product(request, product_id: int):
    return get_object_or_404(Product, id=product_id)


@api.post("/products/create/", auth=AdminAuth(), response={201: ProductOut})
@transaction.atomic
def create_product(request, data: ProductIn):
    product = Product.objects.create(**data.dict())
    quantity = product.quantity
    Movement.objects.create(product=product, kind="created", delta=quantity, balance=quantity, by=request.auth)
    return product


@api.put("/products/{int:product_id}/", auth=AdminAuth(), response=ProductOut)
@transaction.atomic
def update_product(request, product_id: int, data: ProductChange):
    product = get_object_or_404(Product.objects.select_for_update(), id=product_id)
    before, changes = product.quantity, data.dict(exclude_unset=True)
    for field, value in changes.items():
        setattr(product, field, value)
    product.save(update_fields=changes)
    if product.quantity != before:
        delta = product.quantity - before
        Movement.objects.create(product=product, kind="set", delta=delta, balance=product.quantity, by=request.auth)
    return product


@api.post("/orders/", response={201: OrderOut})
@transaction.atomic
def create_order(request, response: HttpResponse, data: OrderIn):
    wanted = Counter()
    for item in data.items:
        wanted[item.product] += item.quantity
    for pk, quantity in sorted(wanted.items()):
        stock = Product.objects.filter(pk=pk)
        if not stock.filter(quantity__gte=quantity).update(quantity=F("quantity") - quantity):
            if stock.exists():
                raise HttpError(409, "Not enough stock.")
            raise HttpError(400, f"There is no product {pk}.")
    products = Product.objects.in_bulk(wanted)
    total = sum(products[pk].price * quantity for pk, quantity in wanted.items())
    if total > Decimal("9999999999.99"):
        raise HttpError(400, "The total is too large.")
    order = Order.objects.create(customer=request.auth, total=total, note=data.note)
    order.lines = OrderLine.objects.bulk_create(
        OrderLine(order=order, product=products[pk], name=products[pk].name, price=products[pk].price, quantity=n)
        for pk, n in wanted.items()
    )
    Movement.objects.bulk_create(
        Movement(
            product=products[pk],
            kind="ordered",
            delta=-quantity,
            balance=products[pk].quantity,
            order=order,
            by=request.auth,
        )
        for pk, quantity in wanted.items()
    )
    OrderEvent.objects.create(order=order, status=order.status, by=request.auth)
    response["Location"] = f"/api/orders/{order.id}/"
    return order


@api.get("/orders/", response=list[OrderOut])
def list_orders(request):
    lines = Prefetch("items", to_attr="lines")
    orders = Order.objects.select_related("customer").prefetch_related(lines).order_by("-created_at", "-id")
    if not request.auth.is_staff:
        orders = orders.filter(customer=request.auth)
    return orders[:100]
