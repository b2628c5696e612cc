from rest_framework import generics, status
from rest_framework.response import Response

from accounts.permissions import IsAdmin, IsAdminOrReadOnly, IsCustomer
from order_management.api.conditional import ConditionalMixin
from order_management.db.listing import Listing
from order_management.db.replica import from_replica

from . import openapi, services
from .filters import ProductFilter
from .models import Product, StockMovement, listed_product
from .serializers import AdjustmentSerializer, MovementSerializer, ProductSerializer


class ProductList(ConditionalMixin, generics.GenericAPIView):
    permission_classes = [IsAdmin | IsCustomer]
    queryset = Product.objects.all()
    serializer_class = ProductSerializer
    filterset_class = ProductFilter
    orderings = ["id", "-id", "name", "-name", "price", "-price", "quantity", "-quantity"]

    @openapi.product_list
    @from_replica
    def get(self, request):
        products = self.filter_queryset(Listing(Product.objects.rows))
        # As rows, which are what is shown: building objects would cost more than everything else in a long list.
        return self.get_paginated_response(self.paginate_queryset(products))


class ProductCreate(ConditionalMixin, generics.GenericAPIView):
    serializer_class = ProductSerializer

    @openapi.product_create
    def post(self, request):
        fields = self.get_serializer(data=request.data)
        fields.is_valid(raise_exception=True)
        product = services.create_product(by=request.user, **fields.validated_data)
        return Response(self.get_serializer(product).data, status=status.HTTP_201_CREATED)


class ProductDetail(ConditionalMixin, generics.GenericAPIView):
    permission_classes = [IsAdminOrReadOnly]
    queryset = Product.objects.listed()
    serializer_class = ProductSerializer

    @openapi.product_get
    def get(self, request, pk):
        return Response(self.get_serializer(services.found(listed_product(pk))).data)

    @openapi.product_put
    def put(self, request, pk):
        changes = self.get_serializer(data=request.data, partial=True)
        changes.is_valid(raise_exception=True)
        product = services.change_product(pk, changes.validated_data, by=request.user, check=self.check_if_match)
        return Response(self.get_serializer(product).data)

    @openapi.product_patch
    def patch(self, request, pk):
        return self.put(request, pk)


class ProductDelete(ConditionalMixin, generics.GenericAPIView):
    queryset = Product.objects.listed()
    serializer_class = ProductSerializer

    @openapi.product_delete
    def delete(self, request, pk):
        services.delete_product(pk, by=request.user, check=self.check_if_match)
        return Response({"message": "Product deleted"})


class ProductStock(ConditionalMixin, generics.GenericAPIView):
    queryset = Product.objects.all()
    serializer_class = ProductSerializer
    filter_backends = []
    orderings = ["-id"]

    @openapi.stock_list
    def get(self, request, pk):
        return self.page(self.get_object())

    @from_replica
    def page(self, product):
        movements = StockMovement.objects.filter(product=product)
        rows = self.paginate_queryset(movements.values(*MovementSerializer.ROW))
        return self.get_paginated_response(MovementSerializer(rows, many=True).data)

    @openapi.stock_adjust
    def post(self, request, pk):
        adjustment = AdjustmentSerializer(data=request.data)
        adjustment.is_valid(raise_exception=True)
        product = services.adjust_stock(pk, by=request.user, check=self.check_if_match, **adjustment.validated_data)
        return Response(self.get_serializer(product).data)
