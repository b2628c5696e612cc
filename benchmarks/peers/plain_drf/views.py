from django.db import transaction
from rest_framework import generics, serializers
from rest_framework.pagination import BasePagination
from rest_framework.permissions import SAFE_METHODS, AllowAny, IsAdminUser, IsAuthenticated
from rest_framework.response import Response

from benchmarks.peers.django_models.models import Movement, Order, Product

from .serializers import OrderSerializer, ProductSerializer, RegisterSerializer


class Register(generics.CreateAPIView):
    serializer_class = RegisterSerializer
    permission_classes = [AllowAny]

    def create(self, request, *args, **kwargs):
        super().create(request, *args, **kwargs)
        return Response({"message": "Customer registered successfully"}, status=201)


class PageQuery(serializers.Serializer):
    page_size = serializers.IntegerField(min_value=1, max_value=1000, default=100)
    after = serializers.IntegerField(min_value=0, default=0)


class AfterPagination(BasePagination):
    def paginate_queryset(self, queryset, request, view=None):
        query = PageQuery(data=request.query_params)
        query.is_valid(raise_exception=True)
        size = query.validated_data["page_size"]
        page = list(queryset.filter(id__gt=query.validated_data["after"])[:size])
        full = len(page) == size
        self.next_url = request.build_absolute_uri(f"?page_size={size}&after={page[-1].id}") if full else None
        return page

    def get_paginated_response(self, data):
        return Response(data, headers={"Link": f'<{self.next_url}>; rel="next"'} if self.next_url else None)


class ProductList(generics.ListAPIView):
    queryset = Product.objects.order_by("id")
    serializer_class = ProductSerializer
    pagination_class = AfterPagination


class ProductCreate(generics.CreateAPIView):
    serializer_class = ProductSerializer
    permission_classes = [IsAdminUser]

    @transaction.atomic
    def perform_create(self, serializer):
        product = serializer.save()
        quantity, by = product.quantity, self.request.user
        Movement.objects.create(product=product, kind="created", delta=quantity, balance=quantity, by=by)


class ProductDetail(generics.RetrieveUpdateAPIView):
    serializer_class = ProductSerializer

    def get_permissions(self):
        return [IsAuthenticated()] if self.request.method in SAFE_METHODS else [IsAdminUser()]

    def get_queryset(self):
        return Product.objects.all() if self.request.method in SAFE_METHODS else Product.objects.select_for_update()

    @transaction.atomic
    def update(self, request, *args, **kwargs):
        return super().update(request, *args, **{**kwargs, "partial": True})

    def perform_update(self, serializer):
        before = serializer.instance.quantity
        product = serializer.save()
        if product.quantity != before:
            delta, by = product.quantity - before, self.request.user
            Movement.objects.create(product=product, kind="set", delta=delta, balance=product.quantity, by=by)


class Orders(generics.ListCreateAPIView):
    serializer_class = OrderSerializer

    def get_queryset(self):
        orders = Order.objects.select_related("customer").prefetch_related("items").order_by("-created_at", "-id")
        if not self.request.user.is_staff:
            orders = orders.filter(customer=self.request.user)
        return orders[:100]

    def perform_create(self, serializer):
        serializer.save(customer=self.request.user)

    def get_success_headers(self, data):
        return {"Location": f"/api/orders/{data['id']}/"}
