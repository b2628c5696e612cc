from rest_framework import generics
from rest_framework.response import Response

from accounts.permissions import IsAdmin, IsCustomer, ReadOnly
from order_management.conditional import ConditionalMixin

from . import openapi, services
from .filters import ProductFilter
from .models import Product
from .serializers import ProductSerializer


class ProductList(ConditionalMixin, generics.GenericAPIView):
    permission_classes = [IsAdmin | IsCustomer]
    # As rows: building objects would cost more than everything else in a long list.
    queryset = Product.objects.listed().values(*ProductSerializer.Meta.fields)
    serializer_class = ProductSerializer
    filterset_class = ProductFilter
    orderings = ["id", "-id", "name", "-name", "price", "-price", "quantity", "-quantity"]

    @openapi.product_list
    def get(self, request):
        products = self.filter_queryset(self.get_queryset())
        return self.get_paginated_response(self.paginate_queryset(products))


class ProductCreate(ConditionalMixin, generics.CreateAPIView):
    serializer_class = ProductSerializer

    @openapi.product_create
    def post(self, request):
        return super().post(request)


class ProductDetail(ConditionalMixin, generics.GenericAPIView):
    permission_classes = [IsAdmin | IsCustomer & ReadOnly]
    queryset = Product.objects.listed()
    serializer_class = ProductSerializer

    @openapi.product_get
    def get(self, request, pk):
        return Response(self.get_serializer(self.get_object()).data)

    @openapi.product_put
    def put(self, request, pk):
        changes = self.get_serializer(data=request.data, partial=True)
        changes.is_valid(raise_exception=True)
        product = services.change_product(pk, changes.validated_data, check=self.check_if_match)
        return Response(self.get_serializer(product).data)

    @openapi.product_patch
    def patch(self, request, pk):
        return self.put(request, pk)


class ProductDelete(ConditionalMixin, generics.GenericAPIView):
    serializer_class = ProductSerializer

    @openapi.product_delete
    def delete(self, request, pk):
        services.delete_product(pk, check=self.check_if_match)
        return Response({"message": "Product deleted"})
