from rest_framework import status
from rest_framework.response import Response

from accounts.idempotency import keep_answer, retryable
from accounts.permissions import IsAdmin, IsCustomer
from order_management.api import generics
from order_management.api.conditional import ConditionalMixin
from order_management.db.replica import from_replica
from order_management.feeds.pagination import FeedPagination

from . import metrics, openapi, reports, services
from .filters import OrderFilter
from .models import Order, OrderEvent
from .pagination import OrderPagination
from .serializers import (
    EventSerializer,
    FeedEventSerializer,
    NoteSerializer,
    OrderSerializer,
    PeriodSerializer,
    PlaceOrderSerializer,
    PreviewSerializer,
    ReturnSerializer,
)
from .throttle import limit_orders


class OrderMixin(ConditionalMixin):
    """What the views of orders share: whose orders the caller sees, and how an order looks."""

    permission_classes = [IsAdmin | IsCustomer]
    queryset = Order.objects.all()
    serializer_class = OrderSerializer

    def get_queryset(self):
        return super().get_queryset().visible_to(self.request.user)


class OrderList(OrderMixin, generics.GenericAPIView):
    queryset = Order.objects.rows()
    filterset_class = OrderFilter
    pagination_class = OrderPagination
    orderings = ["-created_at", "created_at", "-updated_at", "updated_at", "-total", "total"]

    @openapi.order_list
    @from_replica
    def get(self, request):
        rows = self.paginate_queryset(self.filter_queryset(self.get_queryset()))
        orders = Order.objects.with_lines(rows)
        return self.get_paginated_response(self.get_serializer(orders, many=True).data)

    @openapi.order_create
    @retryable(PlaceOrderSerializer)
    def post(self, request, order):
        limit_orders(request.user)
        customer = services.lock_customer(order["customer"]) if "customer" in order else request.user
        placed = services.create_order(**order | {"customer": customer}, by=request.user)
        headers = {"Location": f"{request.path}{placed.id}/"}
        answer = Response(self.get_serializer(placed).data, status=status.HTTP_201_CREATED, headers=headers)
        # Before the stock is taken: from then on other buyers wait.
        keep_answer(request, answer)
        services.take_stock(placed, by=request.user)
        return answer

    def finalize_response(self, request, response, *args, **kwargs):
        if response.status_code == status.HTTP_201_CREATED:
            metrics.orders.count("replayed" if "Idempotent-Replayed" in response.headers else "placed")
        return super().finalize_response(request, response, *args, **kwargs)


class OrderPreview(OrderMixin, generics.GenericAPIView):
    serializer_class = PreviewSerializer

    @openapi.order_preview
    def post(self, request):
        order = PlaceOrderSerializer(data=request.data, context=self.get_serializer_context())
        order.is_valid(raise_exception=True)
        items, customer = order.validated_data["items"], order.validated_data.get("customer")
        return Response(self.get_serializer(services.preview_order(items=items, customer=customer)).data)


class OrderDetail(OrderMixin, generics.GenericAPIView):
    queryset = Order.objects.rows()

    @openapi.order_get
    def get(self, request, pk):
        [order] = Order.objects.with_lines([self.get_object()])
        return Response(self.get_serializer(order).data)


class OrderEvents(OrderMixin, generics.ListAPIView):
    orderings = ["id"]

    @openapi.order_events
    def get(self, request, pk):
        return self.page(self.get_object())

    @from_replica
    def page(self, order):
        events = self.paginate_queryset(OrderEvent.objects.filter(order=order.id).rows())
        return self.get_paginated_response(EventSerializer(OrderEvent.objects.with_items(events), many=True).data)


class OrderFeed(ConditionalMixin, generics.ListAPIView):
    queryset = OrderEvent.objects.rows()
    serializer_class = FeedEventSerializer
    pagination_class = FeedPagination

    @openapi.order_feed
    @from_replica
    def get(self, request):
        events = OrderEvent.objects.with_items(self.paginate_queryset(self.get_queryset()))
        return self.get_paginated_response(self.get_serializer(events, many=True).data)


class OrderStep(OrderMixin, generics.GenericAPIView):
    """One step of the life cycle: urls.py says which one, `Order.TRANSITIONS` when it is allowed."""

    permission_classes = [IsAdmin]
    to_status = None

    @openapi.order_step
    @retryable(NoteSerializer)
    def post(self, request, note, pk):
        services.change_status(self.get_object(), self.to_status, by=request.user, **note)
        return Response(self.get_serializer(Order.objects.get_record(pk)).data)


class OrderReturn(OrderMixin, generics.GenericAPIView):
    """Return all items of an order, or some."""

    permission_classes = [IsAdmin]

    @openapi.order_return
    @retryable(ReturnSerializer)
    def post(self, request, returned, pk):
        services.return_items(self.get_object(), by=request.user, **returned)
        return Response(self.get_serializer(Order.objects.get_record(pk)).data)


class SalesReport(ConditionalMixin, generics.GenericAPIView):
    query_serializer_class = PeriodSerializer

    @openapi.sales_report
    @from_replica
    def get(self, request):
        period = self.query_serializer_class(data=request.query_params)
        period.is_valid(raise_exception=True)
        first, last = period.validated_data["from"], period.validated_data["to"]
        return Response(reports.sales(first, last))
