"""The tables of both Django peers; users are Django's own."""

from django.contrib.auth.models import User
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models


class Product(models.Model):
    name = models.CharField(max_length=100)
    price = models.DecimalField(max_digits=10, decimal_places=2, validators=[MinValueValidator(0)])
    quantity = models.PositiveIntegerField(validators=[MaxValueValidator(2147483647)])

    def __str__(self):
        return self.name


# db_index=False where another index begins with the key, or where no query filters by it.
class Movement(models.Model):
    product = models.ForeignKey(Product, models.PROTECT, db_index=False)
    kind = models.CharField(max_length=10)
    delta = models.BigIntegerField()
    balance = models.PositiveIntegerField()
    order = models.ForeignKey("Order", models.PROTECT, null=True, db_index=False)
    by = models.ForeignKey(User, models.PROTECT, null=True, db_index=False)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        indexes = [models.Index(fields=["product", "id"])]

    def __str__(self):
        return f"{self.kind} {self.delta}"


class Order(models.Model):
    customer = models.ForeignKey(User, models.PROTECT, db_index=False)
    status = models.CharField(max_length=10, default="pending")
    total = models.DecimalField(max_digits=12, decimal_places=2)
    note = models.CharField(max_length=500, blank=True, default="")
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        indexes = [models.Index(fields=["customer", "created_at", "id"])]

    def __str__(self):
        return f"order {self.pk}"

    @property
    def allowed_actions(self):
        return ["cancel"] if self.status in ("pending", "confirmed") else []


class OrderLine(models.Model):
    order = models.ForeignKey(Order, models.PROTECT, related_name="items")
    product = models.ForeignKey(Product, models.PROTECT, db_index=False)
    name = models.CharField(max_length=100)
    price = models.DecimalField(max_digits=10, decimal_places=2)
    quantity = models.PositiveIntegerField(validators=[MinValueValidator(1), MaxValueValidator(1_000_000)])
    returned = models.PositiveIntegerField(default=0)

    class Meta:
        ordering = ["id"]

    def __str__(self):
        return f"{self.quantity} x {self.name}"

    @property
    def subtotal(self):
        return self.price * self.quantity


class OrderEvent(models.Model):
    order = models.ForeignKey(Order, models.PROTECT, db_index=False)
    status = models.CharField(max_length=10)
    by = models.ForeignKey(User, models.PROTECT, null=True, db_index=False)
    note = models.CharField(max_length=500, blank=True, default="")
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self):
        return self.status
