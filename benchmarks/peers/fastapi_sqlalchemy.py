"""The benchmark's calls in FastAPI, SQLAlchemy 2 and pydantic 2.

From the root of the repository, with DATABASE_URL and SECRET_KEY set:

prepare: python -m benchmarks.peers.fastapi_sqlalchemy
serve:   uvicorn benchmarks.peers.fastapi_sqlalchemy:app --host 127.0.0.1 --port $PORT
         --loop uvloop --http httptools --no-access-log
"""

import os
import uuid
from collections import Counter
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Annotated

import jwt
from argon2 import PasswordHasher
from argon2.exceptions import VerifyMismatchError
from fastapi import Depends, FastAPI, HTTPException, Query, Request, Response
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import AfterValidator, AliasPath, BaseModel, ConfigDict, Field, StringConstraints
from sqlalchemy import (
    CheckConstraint,
    DateTime,
    ForeignKey,
    Index,
    Numeric,
    String,
    TypeDecorator,
    bindparam,
    create_engine,
    event,
    make_url,
    select,
    update,
)
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import (
    DeclarativeBase,
    Mapped,
    Session,
    joinedload,
    mapped_column,
    relationship,
    selectinload,
    sessionmaker,
)

SECRET_KEY = os.environ["SECRET_KEY"]
ACCESS_LIFETIME, REFRESH_LIFETIME = timedelta(minutes=15), timedelta(days=7)
TOTAL_MAX = Decimal("9999999999.99")
INT_MAX = 2**31 - 1
hasher = PasswordHasher(time_cost=2, memory_cost=19456, parallelism=1)
# Verified if the user does not exist, so that the answer takes the same time.
DUMMY_HASH = hasher.hash("")


def engines():
    """Return two engines: one for single statements, which need no transaction, and one for transactions."""
    url = make_url(os.environ["DATABASE_URL"])
    if url.drivername != "sqlite":
        engine = create_engine(url.set(drivername="postgresql+psycopg"), isolation_level="AUTOCOMMIT")
        return engine, engine.execution_options(isolation_level="READ COMMITTED")
    engine, writer = create_engine(url), create_engine(url)

    @event.listens_for(engine, "connect")
    @event.listens_for(writer, "connect")
    def connect(connection, _):
        # SQLAlchemy begins transactions; the driver does not.
        connection.isolation_level = None
        for pragma in ("busy_timeout = 20000", "journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON"):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(writer, "begin")
    def begin(connection):
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    return engine, writer


reader, writer = engines()
ReadSession = sessionmaker(reader, expire_on_commit=False)
WriteSession = sessionmaker(writer, expire_on_commit=False)


class UTCDateTime(TypeDecorator):
    """A UTC time, stored without a time zone."""

    impl = DateTime
    cache_ok = True

    def process_bind_param(self, value, dialect):
        return value.replace(tzinfo=None)

    def process_result_value(self, value, dialect):
        return value.replace(tzinfo=UTC)


Key = Annotated[int, mapped_column(primary_key=True)]
Money = Annotated[Decimal, mapped_column(Numeric(10, 2))]


class Base(DeclarativeBase):
    type_annotation_map = {datetime: UTCDateTime}


class User(Base):
    __tablename__ = "user_account"

    id: Mapped[Key]
    username: Mapped[str] = mapped_column(String(150), unique=True)
    password: Mapped[str] = mapped_column(String(128))
    is_admin: Mapped[bool] = mapped_column(default=False)
    is_active: Mapped[bool] = mapped_column(default=True)


class RefreshToken(Base):
    __tablename__ = "refresh_token"

    id: Mapped[Key]
    jti: Mapped[str] = mapped_column(String(32), unique=True)
    user_id: Mapped[int] = mapped_column(ForeignKey(User.id))
    expires_at: Mapped[datetime]


class Product(Base):
    __tablename__ = "product"
    __table_args__ = (CheckConstraint("quantity >= 0"),)

    id: Mapped[Key]
    name: Mapped[str] = mapped_column(String(100))
    price: Mapped[Money]
    quantity: Mapped[int]


class Order(Base):
    __tablename__ = "customer_order"
    __table_args__ = (
        Index("orders_of_customer", "customer_id", "created_at", "id"),
        Index("orders_by_creation", "created_at", "id"),
    )

    id: Mapped[Key]
    customer_id: Mapped[int] = mapped_column(ForeignKey(User.id))
    status: Mapped[str] = mapped_column(String(9), default="pending")
    total: Mapped[Decimal] = mapped_column(Numeric(12, 2))
    note: Mapped[str] = mapped_column(String(500))
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    customer: Mapped[User] = relationship()
    lines: Mapped[list["OrderLine"]] = relationship(order_by="OrderLine.id")
    events: Mapped[list["OrderEvent"]] = relationship()
    movements: Mapped[list["StockMovement"]] = relationship()


class OrderLine(Base):
    __tablename__ = "order_line"

    id: Mapped[Key]
    order_id: Mapped[int] = mapped_column(ForeignKey(Order.id), index=True)
    product_id: Mapped[int] = mapped_column(ForeignKey(Product.id))
    name: Mapped[str] = mapped_column(String(100))
    price: Mapped[Money]
    quantity: Mapped[int]
    returned: Mapped[int] = mapped_column(default=0)

    @property
    def subtotal(self) -> Decimal:
        return self.price * self.quantity


class OrderEvent(Base):
    __tablename__ = "order_event"

    id: Mapped[Key]
    order_id: Mapped[int] = mapped_column(ForeignKey(Order.id))
    status: Mapped[str] = mapped_column(String(9))
    by_id: Mapped[int | None] = mapped_column(ForeignKey(User.id))
    note: Mapped[str] = mapped_column(String(500), default="")
    created_at: Mapped[datetime]


class StockMovement(Base):
    __tablename__ = "stock_movement"
    __table_args__ = (Index("ledger", "product_id", "id"),)

    id: Mapped[Key]
    product_id: Mapped[int] = mapped_column(ForeignKey(Product.id))
    kind: Mapped[str] = mapped_column(String(9))
    delta: Mapped[int]
    balance: Mapped[int]
    order_id: Mapped[int | None] = mapped_column(ForeignKey(Order.id))
    by_id: Mapped[int | None] = mapped_column(ForeignKey(User.id))
    created_at: Mapped[datetime] = mapped_column(default=lambda: datetime.now(UTC))
    product: Mapped[Product] = relationship()


# Two decimal places, so that prices from requests look like prices from the database.
Price = Annotated[
    Decimal, Field(ge=0, max_digits=10, decimal_places=2), AfterValidator(lambda price: price.quantize(Decimal("0.01")))
]
Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)]
Quantity = Annotated[int, Field(ge=0, le=INT_MAX)]
ProductId = Annotated[int, Field(ge=1, le=INT_MAX)]


class Credentials(BaseModel):
    username: Annotated[str, Field(min_length=1, max_length=150)]
    password: Annotated[str, Field(min_length=1, max_length=128)]


class Tokens(BaseModel):
    refresh: str
    access: str


class ProductIn(BaseModel):
    name: Name
    price: Price
    quantity: Quantity


class ProductChange(BaseModel):
    # The defaults are never used: only fields that were sent are read.
    name: Name = ""
    price: Price = Decimal()
    quantity: Quantity = 0


class ProductOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    id: int
    name: str
    price: Decimal
    quantity: int


class ItemIn(BaseModel):
    product: ProductId
    quantity: Annotated[int, Field(ge=1, le=1_000_000)]


class OrderIn(BaseModel):
    items: Annotated[list[ItemIn], Field(min_length=1, max_length=100)]
    note: Annotated[str, Field(max_length=500)] = ""


class ItemOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    product: int = Field(validation_alias="product_id")
    name: str
    price: Decimal
    quantity: int
    returned: int
    subtotal: Decimal


class OrderOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    id: int
    customer: str = Field(validation_alias=AliasPath("customer", "username"))
    status: str
    items: list[ItemOut] = Field(validation_alias="lines")
    total: Decimal
    note: str
    allowed_actions: list[str]
    created_at: datetime
    updated_at: datetime


# On the table, because there are no objects in the session to keep in sync; built once, because it runs for every line.
TAKE = (
    update(Product.__table__)
    .where(Product.id == bindparam("pk"), Product.quantity >= bindparam("taken"))
    .values(quantity=Product.quantity - bindparam("taken"))
    .returning(Product.name, Product.price, Product.quantity)
)


def read_session():
    with ReadSession() as session:
        yield session


def write_session():
    with WriteSession() as session:
        yield session


Reads = Annotated[Session, Depends(read_session)]
Writes = Annotated[Session, Depends(write_session)]


def current_user(bearer: Annotated[HTTPAuthorizationCredentials, Depends(HTTPBearer())], session: Reads) -> User:
    try:
        claims = jwt.decode(bearer.credentials, SECRET_KEY, algorithms=["HS256"], options={"require": ["exp", "sub"]})
    except jwt.InvalidTokenError:
        claims = {}
    # A separate transaction returns the connection before the request waits for a thread for its endpoint.
    with session.begin():
        user = session.get(User, int(claims["sub"])) if claims.get("type") == "access" else None
    if user is None or not user.is_active:
        raise HTTPException(401, "The token is missing or invalid.", {"WWW-Authenticate": "Bearer"})
    return user


CurrentUser = Annotated[User, Depends(current_user)]


def current_admin(user: CurrentUser) -> User:
    if not user.is_admin:
        raise HTTPException(403, "Only an admin may do this.")
    return user


CurrentAdmin = Annotated[User, Depends(current_admin)]


app = FastAPI(title="Orders")


@app.post("/api/accounts/register/", status_code=201)
def register(body: Credentials, session: Writes) -> dict[str, str]:
    user = User(username=body.username, password=hasher.hash(body.password))
    try:
        with session.begin():
            session.add(user)
    except IntegrityError:
        raise HTTPException(400, "This username is taken.") from None
    return {"message": "Customer registered successfully"}


@app.post("/api/login/")
def login(body: Credentials, reads: Reads, writes: Writes) -> Tokens:
    with reads.begin():
        user = reads.scalar(select(User).where(User.username == body.username))
    try:
        hasher.verify(user.password if user else DUMMY_HASH, body.password)
    except VerifyMismatchError:
        user = None
    if user is None or not user.is_active:
        raise HTTPException(401, "Wrong username or password.")
    now, jti = datetime.now(UTC), uuid.uuid4().hex
    with writes.begin():
        writes.add(RefreshToken(jti=jti, user_id=user.id, expires_at=now + REFRESH_LIFETIME))
    claims = {"sub": str(user.id), "iat": now}
    access = claims | {"type": "access", "exp": now + ACCESS_LIFETIME}
    refresh = claims | {"type": "refresh", "exp": now + REFRESH_LIFETIME, "jti": jti}
    return Tokens(refresh=jwt.encode(refresh, SECRET_KEY), access=jwt.encode(access, SECRET_KEY))


@app.get("/api/products/", response_model=list[ProductOut])
def list_products(
    request: Request,
    response: Response,
    session: Reads,
    _: CurrentUser,
    page_size: Annotated[int, Query(ge=1, le=1000)] = 100,
    after: Annotated[int, Query(ge=0, le=INT_MAX)] = 0,
):
    page = select(Product).where(Product.id > after).order_by(Product.id).limit(page_size)
    with session.begin():
        products = session.scalars(page).all()
    if len(products) == page_size:
        response.headers["Link"] = f'<{request.url.include_query_params(after=products[-1].id)}>; rel="next"'
    return products


def found(product):
    if product is None:
        raise HTTPException(404, "There is no such product.")
    return product


@app.get("/api/products/{product_id:int}/", response_model=ProductOut)
def get_product(product_id: ProductId, session: Reads, _: CurrentUser):
    with session.begin():
        return found(session.get(Product, product_id))


@app.post("/api/products/create/", status_code=201, response_model=ProductOut)
def create_product(body: ProductIn, session: Writes, admin: CurrentAdmin):
    product = Product(**body.model_dump())
    quantity = {"delta": product.quantity, "balance": product.quantity}
    with session.begin():
        session.add(StockMovement(product=product, kind="created", by_id=admin.id, **quantity))
    return product


@app.put("/api/products/{product_id:int}/", response_model=ProductOut)
def change_product(product_id: ProductId, body: ProductChange, session: Writes, admin: CurrentAdmin):
    with session.begin():
        product = found(session.get(Product, product_id, with_for_update=True))
        before = product.quantity
        for name, value in body.model_dump(exclude_unset=True).items():
            setattr(product, name, value)
        if delta := product.quantity - before:
            movement = {"kind": "set", "delta": delta, "balance": product.quantity, "by_id": admin.id}
            session.add(StockMovement(product=product, **movement))
    return product


@app.post("/api/orders/", status_code=201, response_model=OrderOut)
def place_order(body: OrderIn, response: Response, session: Writes, user: CurrentUser):
    quantities = Counter()
    for item in body.items:
        quantities[item.product] += item.quantity
    with session.begin():
        # In ascending id, so that two orders cannot deadlock.
        taken = {pk: take(session, pk, quantities[pk]) for pk in sorted(quantities)}
        total = sum(taken[pk].price * quantity for pk, quantity in quantities.items())
        if total > TOTAL_MAX:
            raise HTTPException(400, f"The total must not exceed {TOTAL_MAX}.")
        now = datetime.now(UTC)
        order = Order(
            customer=session.merge(user, load=False), total=total, note=body.note, created_at=now, updated_at=now
        )
        order.events.append(OrderEvent(status="pending", by_id=user.id, created_at=now))
        for pk, quantity in quantities.items():
            name, price, balance = taken[pk]
            order.lines.append(OrderLine(product_id=pk, name=name, price=price, quantity=quantity))
            movement = {"kind": "ordered", "delta": -quantity, "balance": balance, "by_id": user.id}
            order.movements.append(StockMovement(product_id=pk, created_at=now, **movement))
        session.add(order)
    response.headers["Location"] = f"/api/orders/{order.id}/"
    return with_actions(order, user)


def take(session, pk, quantity):
    """Take the quantity from stock if there is enough; return the product's name, price and new quantity."""
    row = session.execute(TAKE, {"pk": pk, "taken": quantity}).one_or_none()
    if row is None:
        known = session.get(Product, pk)
        raise HTTPException(409, "Not enough stock.") if known else HTTPException(400, f"There is no product {pk}.")
    return row


def with_actions(order, user):
    """Set what the caller may do with the order and return it; every order in the benchmark is pending."""
    order.allowed_actions = ["confirm", "cancel"] if user.is_admin else ["cancel"]
    return order


@app.get("/api/orders/", response_model=list[OrderOut])
def list_orders(session: Reads, user: CurrentUser):
    orders = select(Order).order_by(Order.created_at.desc(), Order.id.desc()).limit(100)
    customer = joinedload(Order.customer, innerjoin=True).load_only(User.username)
    orders = orders.options(customer, selectinload(Order.lines))
    if not user.is_admin:
        orders = orders.where(Order.customer_id == user.id)
    with session.begin():
        return [with_actions(order, user) for order in session.scalars(orders)]


def prepare():
    """Create the tables and the admin."""
    Base.metadata.create_all(writer)
    with WriteSession.begin() as session:
        session.add(User(username="anna", password=hasher.hash("correct horse 17"), is_admin=True))


if __name__ == "__main__":
    prepare()
