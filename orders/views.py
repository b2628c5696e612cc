import re

import orjson
from rest_framework import generics, status
from rest_framework.exceptions import ValidationError
from rest_framework.response import Response

from accounts.models import User
from accounts.permissions import IsAdmin, IsCustomer
from order_management.api.conditional import ConditionalMixin
from order_management.api.json import JSONRenderer
from order_management.db.listing import Listing
from order_management.db.replica import from_replica
from order_management.ops import metrics

from . import openapi, reports, services
from .filters import OrderFilter
from .models import Order, with_lines
from .pagination import OrderPagination
from .serializers import (
    EventSerializer,
    NoteSerializer,
    OrderSerializer,
    PeriodSerializer,
    PlaceOrderSerializer,
)
from .throttle import order_rate


class OrderMixin(ConditionalMixin):
    """What all views of orders share: whose they are, and how one is shown."""

    permission_classes = [IsAdmin | IsCustomer]
    queryset = Order.objects.all()
    serializer_class = OrderSerializer

    def get_queryset(self):
        return super().get_queryset().visible_to(self.request.user)

    def describe(self, order):
        [row] = with_lines(Order.objects.filter(pk=order.pk).rows())
        return self.get_serializer(row).data


class OrderList(OrderMixin, generics.GenericAPIView):
    filterset_class = OrderFilter
    pagination_class = OrderPagination
    orderings = ["-created_at", "created_at", "-updated_at", "updated_at", "-total", "total"]

    @openapi.order_list
    @from_replica
    def get(self, request):
        page = with_lines(self.paginate_queryset(self.filter_queryset(self.listing())))
        return self.get_paginated_response(self.get_serializer(page, many=True).data)

    def listing(self):
        everybodys = self.request.user.role == User.Role.ADMIN
        return Listing(Order.objects.rows) if everybodys else Listing(Order.objects.rows_of, self.request.user.pk)

    @openapi.order_create
    def post(self, request):
        order = PlaceOrderSerializer(data=request.data)
        order.is_valid(raise_exception=True)
        answer, replayed = services.place_order(
            customer=request.user,
            key=self.idempotency_key(),
            fingerprint=order.fingerprint(),
            rate=order_rate(request.user),
            describe=lambda row: JSONRenderer().render(self.get_serializer(row).data).decode(),
            **order.validated_data,
        )
        metrics.orders.labels("replayed" if replayed else "placed").inc()
        data = orjson.loads(answer)
        headers = {"Location": f"{request.path}{data['id']}/"} | ({"Idempotent-Replayed": "true"} if replayed else {})
        return Response(data, status=status.HTTP_201_CREATED, headers=headers)

    def idempotency_key(self):
        key = self.request.headers.get("Idempotency-Key")
        if key is not None and not re.fullmatch("[!-~]{1,255}", key):
            raise ValidationError({"Idempotency-Key": ["It has 1 to 255 visible ASCII characters."]})
        return key


class OrderDetail(OrderMixin, generics.GenericAPIView):
    queryset = Order.objects.rows()

    @openapi.order_get
    def get(self, request, pk):
        [row] = with_lines([self.get_object()])
        return Response(self.get_serializer(row).data)


class OrderEvents(OrderMixin, generics.GenericAPIView):
    orderings = ["id"]
    filter_backends = []

    @openapi.order_events
    def get(self, request, pk):
        return self.page(self.get_object())

    @from_replica
    def page(self, order):
        events = order.events.values(*EventSerializer.ROW)
        return self.get_paginated_response(EventSerializer(self.paginate_queryset(events), many=True).data)


class OrderStep(OrderMixin, generics.GenericAPIView):
    """One step of the life cycle; which one is said in urls.py."""

    permission_classes = [IsAdmin]
    to_status = None

    @openapi.order_step
    def post(self, request, pk):
        note = NoteSerializer(data=request.data)
        note.is_valid(raise_exception=True)
        order = services.change_status(
            self.get_object(), self.to_status, by=request.user, describe=self.describe, **note.validated_data
        )
        return Response(order)


class SalesReport(ConditionalMixin, generics.GenericAPIView):
    @openapi.sales_report
    @from_replica
    def get(self, request):
        period = PeriodSerializer(data=request.query_params)
        period.is_valid(raise_exception=True)
        return Response(reports.sales(*period.validated_data.values()))
