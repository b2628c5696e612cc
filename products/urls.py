from django.urls import path

from . import views

urlpatterns = [
    path("", views.ProductList.as_view()),
    path("<int:pk>/", views.ProductDetail.as_view()),
    path("create/", views.ProductCreate.as_view()),
    path("<int:pk>/delete/", views.ProductDelete.as_view()),
    path("<int:pk>/restore/", views.ProductRestore.as_view()),
    path("<int:pk>/stock/", views.ProductStock.as_view()),
    path("stock/", views.StockFeed.as_view()),
]
