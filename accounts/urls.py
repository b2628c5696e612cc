from django.urls import path

from . import views

urlpatterns = [
    path("accounts/register/", views.Register.as_view()),
    path("login/", views.Login.as_view()),
    path("login/refresh/", views.Refresh.as_view()),
    path("logout/", views.Logout.as_view()),
    path("accounts/me/", views.Me.as_view()),
    path("accounts/me/password/", views.PasswordChange.as_view()),
    path("accounts/me/logout-all/", views.LogoutEverywhere.as_view()),
    path("accounts/users/", views.UserList.as_view()),
    path("accounts/users/<int:pk>/", views.UserDetail.as_view()),
    path("accounts/users/<int:pk>/password/", views.UserPassword.as_view()),
]
