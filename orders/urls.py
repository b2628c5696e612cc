from django.urls import path

from accounts.permissions import IsAdmin, IsCustomer

from . import views
from .models import Order

Status = Order.Status
step = views.OrderStep.as_view

urlpatterns = [
    path("orders/", views.OrderList.as_view()),
    path("orders/preview/", views.OrderPreview.as_view()),
    path("orders/<int:pk>/", views.OrderDetail.as_view()),
    path("orders/<int:pk>/events/", views.OrderEvents.as_view()),
    path("orders/events/", views.OrderFeed.as_view()),
    path("orders/<int:pk>/confirm/", step(to_status=Status.CONFIRMED)),
    path("orders/<int:pk>/ship/", step(to_status=Status.SHIPPED)),
    path("orders/<int:pk>/deliver/", step(to_status=Status.DELIVERED)),
    path("orders/<int:pk>/cancel/", step(to_status=Status.CANCELLED, permission_classes=[IsAdmin | IsCustomer])),
    path("orders/<int:pk>/return/", views.OrderReturn.as_view()),
    path("reports/sales/", views.SalesReport.as_view()),
]
