from django.urls import path
from rest_framework_simplejwt.views import TokenObtainPairView

from . import views

urlpatterns = [
    path("api/accounts/register/", views.Register.as_view()),
    path("api/login/", TokenObtainPairView.as_view()),
    path("api/products/", views.ProductList.as_view()),
    path("api/products/<int:pk>/", views.ProductDetail.as_view()),
    path("api/products/create/", views.ProductCreate.as_view()),
    path("api/orders/", views.Orders.as_view()),
]
