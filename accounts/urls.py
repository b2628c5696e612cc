from django.urls import path

from . import views

urlpatterns = [
    path("accounts/register/", views.Register.as_view()),
    path("login/", views.Login.as_view()),
    path("login/refresh/", views.Refresh.as_view()),
]
