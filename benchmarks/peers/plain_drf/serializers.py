from collections import Counter
from decimal import Decimal

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import F
from rest_framework import serializers
from rest_framework.exceptions import APIException

from benchmarks.peers.django_models.models import Movement, Order, OrderEvent, OrderLine, Product


class OutOfStock(APIException):
    status_code = 409
    default_detail = "Not enough stock."


class RegisterSerializer(serializers.ModelSerializer):
    class Meta:
        model = User
        fields = ["username", "password"]
        extra_kwargs = {"password": {"write_only": True}}

    def create(self, validated_data):
        return User.objects.create_user(**validated_data)


class ProductSerializer(serializers.ModelSerializer):
    class Meta:
        model = Product
        fields = ["id", "name", "price", "quantity"]


class OrderLineSerializer(serializers.ModelSerializer):
    product = serializers.IntegerField(source="product_id")  # a related field would run a query per product
    subtotal = serializers.DecimalField(max_digits=17, decimal_places=2, read_only=True)

    class Meta:
        model = OrderLine
        fields = ["product", "name", "price", "quantity", "returned", "subtotal"]
        read_only_fields = ["name", "price", "returned"]


class OrderSerializer(serializers.ModelSerializer):
    customer = serializers.ReadOnlyField(source="customer.username")
    items = OrderLineSerializer(many=True, allow_empty=False, max_length=100)

    class Meta:
        model = Order
        fields = ["id", "customer", "status", "items", "total", "note", "allowed_actions", "created_at", "updated_at"]
        read_only_fields = ["status", "total"]

    @transaction.atomic
    def create(self, validated_data):
        customer, wanted = validated_data["customer"], Counter()
        for item in validated_data.pop("items"):
            wanted[item["product_id"]] += item["quantity"]
        for pk, quantity in sorted(wanted.items()):
            stock = Product.objects.filter(pk=pk)
            if not stock.filter(quantity__gte=quantity).update(quantity=F("quantity") - quantity):
                if stock.exists():
                    raise OutOfStock
                raise serializers.ValidationError({"items": [f"There is no product {pk}."]})
        products = Product.objects.in_bulk(wanted)
        total = sum(products[pk].price * quantity for pk, quantity in wanted.items())
        if total > Decimal("9999999999.99"):
            raise serializers.ValidationError({"items": ["The total is too large."]})
        order = Order.objects.create(total=total, **validated_data)
        OrderLine.objects.bulk_create(
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
                by=customer,
            )
            for pk, quantity in wanted.items()
        )
        OrderEvent.objects.create(order=order, status=order.status, by=customer)
        return order
