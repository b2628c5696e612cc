from django.urls import path

from . import views

urlpatterns = [
    path("products/", views.ProductList.as_view()),
    path("products/create/", views.ProductCreate.as_view()),
    path("products/<int:pk>/", views.ProductDetail.as_view()),
    path("products/<int:pk>/delete/", views.ProductDelete.as_view()),
    path("products/<int:pk>/restore/", views.ProductRestore.as_view()),
    path("products/<int:pk>/stock/", views.ProductStock.as_view()),
    path("products/stock/", views.StockFeed.as_view()),
]
