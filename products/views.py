from rest_framework import status
from rest_framework.response import Response

from accounts.idempotency import retryable
from accounts.permissions import IsAdmin, IsAdminOrReadOnly, IsCustomer
from order_management.api import generics
from order_management.api.conditional import ConditionalMixin
from order_management.api.counting import CountedPagination
from order_management.db.replica import from_replica
from order_management.feeds.pagination import FeedPagination

from . import bulk_stock, openapi, services
from .filters import MovementFilter, ProductFilter
from .models import Product, StockMovement
from .serializers import (
    AdjustmentSerializer,
    FeedMovementSerializer,
    MovementSerializer,
    ProductSerializer,
    StockChangesSerializer,
)


class ProductList(ConditionalMixin, generics.ListAPIView):
    permission_classes = [IsAdmin | IsCustomer]
    queryset = Product.objects.listed().rows()
    serializer_class = ProductSerializer
    filterset_class = ProductFilter
    pagination_class = CountedPagination
    elsewhere = {"POST": "/api/products/create/"}
    orderings = ["id", "-id", "name", "-name", "price", "-price", "quantity", "-quantity"]

    def get_queryset(self):
        # DRF would return a copy, which loses the conditions that this one has compiled. Requests can share it, because
        # they only filter it, which makes a new one, and never evaluate it.
        return self.queryset

    @openapi.product_list
    @from_replica
    def get(self, request):
        return self.list(request)


class ProductCreate(ConditionalMixin, generics.GenericAPIView):
    serializer_class = ProductSerializer

    @openapi.product_create
    @retryable(ProductSerializer)
    def post(self, request, fields):
        product = services.create_product(by=request.user, **fields)
        headers = {"Location": f"/api/products/{product.pk}/"}
        return Response(self.get_serializer(product).data, status=status.HTTP_201_CREATED, headers=headers)


class ProductDetail(ConditionalMixin, generics.GenericAPIView):
    permission_classes = [IsAdminOrReadOnly]
    queryset = Product.objects.listed()
    serializer_class = ProductSerializer
    elsewhere = {"DELETE": "/api/products/{pk}/delete/"}

    @openapi.product_get
    def get(self, request, pk):
        return Response(self.get_serializer(services.get_product(pk)).data)

    @openapi.product_put
    @retryable(ProductSerializer, partial=True)
    def put(self, request, changes, pk):
        return self.change(request, changes, pk)

    @openapi.product_patch
    @retryable(ProductSerializer, partial=True)
    def patch(self, request, changes, pk):
        return self.change(request, changes, pk)

    def change(self, request, changes, pk):
        product = services.lock_product(pk)
        self.check_if_match(product)
        services.change_product(product, by=request.user, **changes)
        return Response(self.get_serializer(product).data)


class ProductDelete(ConditionalMixin, generics.GenericAPIView):
    queryset = Product.objects.listed()
    serializer_class = ProductSerializer

    @openapi.product_delete
    @retryable()
    def delete(self, request, pk):
        product = services.lock_product(pk)
        self.check_if_match(product)
        services.delete_product(product, by=request.user)
        return Response({"message": "Product deleted"})


class ProductRestore(ConditionalMixin, generics.GenericAPIView):
    queryset = Product.objects.all()
    serializer_class = ProductSerializer

    @openapi.product_restore
    @retryable()
    def post(self, request, pk):
        return Response(self.get_serializer(services.restore_product(pk, by=request.user)).data)


class ProductStock(ConditionalMixin, generics.ListAPIView):
    queryset = Product.objects.all()
    serializer_class = ProductSerializer
    filterset_class = MovementFilter
    orderings = ["-id"]

    @openapi.stock_list
    def get(self, request, pk):
        return self.page(services.get_or_404(Product.objects.filter(pk=pk).first()))

    @from_replica
    def page(self, product):
        movements = self.filter_queryset(StockMovement.objects.filter(product=product).rows())
        page = self.paginate_queryset(movements)
        return self.get_paginated_response(MovementSerializer(page, many=True).data)

    @openapi.stock_adjust
    @retryable(AdjustmentSerializer)
    def post(self, request, adjustment, pk):
        product = services.lock_product(pk)
        self.check_if_match(product)
        services.adjust_stock(product, by=request.user, **adjustment)
        return Response(self.get_serializer(product).data)


class StockFeed(ConditionalMixin, generics.ListAPIView):
    queryset = StockMovement.objects.rows()
    serializer_class = FeedMovementSerializer
    pagination_class = FeedPagination

    @openapi.stock_feed
    @from_replica
    def get(self, request):
        return self.list(request)

    @openapi.stock_change
    @retryable(StockChangesSerializer)
    def post(self, request, fields):
        products = bulk_stock.apply_changes(by=request.user, **fields)
        return Response(ProductSerializer(products, many=True).data)
