from datetime import datetime
from decimal import Decimal
from typing import Annotated

from ninja import Field, Schema
from pydantic import AfterValidator, StringConstraints

NO_NUL = r"^[^\x00]*$"  # PostgreSQL cannot store NUL
Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100, pattern=NO_NUL)]
Price = Annotated[
    Decimal, Field(ge=0, max_digits=10, decimal_places=2), AfterValidator(lambda price: price.quantize(Decimal("0.01")))
]
Quantity = Annotated[int, Field(ge=0, le=2147483647)]


class Credentials(Schema):
    username: str = Field(max_length=150, pattern=r"^[\w.@+-]+$")
    password: str = Field(min_length=1, max_length=128)


class Message(Schema):
    message: str


class Tokens(Schema):
    refresh: str
    access: str


class ProductIn(Schema):
    name: Name
    price: Price
    quantity: Quantity


class ProductChange(Schema):
    name: Name = None
    price: Price = None
    quantity: Quantity = None


class ProductOut(Schema):
    id: int
    name: str
    price: Decimal
    quantity: int


class ItemIn(Schema):
    product: int
    quantity: int = Field(ge=1, le=1_000_000)


class OrderIn(Schema):
    items: list[ItemIn] = Field(min_length=1, max_length=100)
    note: str = Field("", max_length=500, pattern=NO_NUL)


class ItemOut(Schema):
    product: int = Field(alias="product_id")
    name: str
    price: Decimal
    quantity: int
    returned: int
    subtotal: Decimal


class OrderOut(Schema):
    id: int
    customer: str
    status: str
    items: list[ItemOut] = Field(alias="lines")
    total: Decimal
    note: str
    allowed_actions: list[str]
    created_at: datetime
    updated_at: datetime

    @staticmethod
    def resolve_customer(order):
        return order.customer.username
