from django.contrib.auth import authenticate
from django.core.exceptions import ValidationError
from rest_framework import status
from rest_framework.response import Response
from rest_framework_simplejwt.views import TokenObtainPairView, TokenViewBase

from order_management.api import generics
from order_management.api.serializers import refuse_fields
from order_management.api.strict import StrictMixin
from order_management.client_address import client_address
from order_management.db.replica import from_replica

from . import openapi, services, sessions
from .filters import UserFilter
from .models import User
from .permissions import IsAdmin, IsCustomer
from .serializers import (
    MeSerializer,
    PasswordChangeSerializer,
    PasswordSetSerializer,
    RefreshSerializer,
    RegistrationSerializer,
    UserSerializer,
)


class Register(generics.GenericAPIView):
    authentication_classes = []
    permission_classes = []
    serializer_class = RegistrationSerializer

    @openapi.register
    def post(self, request):
        serializer = self.get_serializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        services.register(address=client_address(request), **serializer.validated_data)
        return Response({"message": "Customer registered successfully"}, status=status.HTTP_201_CREATED)


# SimpleJWT's views are public: they have no authentication or permission classes.
class Login(StrictMixin, TokenObtainPairView):
    @openapi.login
    def post(self, request):
        serializer = self.get_serializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        sessions.record_login(serializer.user)
        return Response(serializer.validated_data)


class Refresh(StrictMixin, TokenViewBase):
    serializer_class = RefreshSerializer

    @openapi.refresh
    def post(self, request):
        serializer = self.get_serializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        token = sessions.rotate(serializer.validated_data["refresh"])
        return Response({"access": str(token.access_token), "refresh": str(token)})


class Logout(StrictMixin, TokenViewBase):
    serializer_class = RefreshSerializer

    @openapi.logout
    def post(self, request):
        serializer = self.get_serializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        sessions.log_out(serializer.validated_data["refresh"])
        return Response({"message": "Logged out"})


class Me(generics.GenericAPIView):
    permission_classes = [IsAdmin | IsCustomer]
    serializer_class = MeSerializer

    @openapi.me_get
    def get(self, request):
        return Response(self.get_serializer(request.user).data)

    @openapi.me_patch
    def patch(self, request):
        changes = self.get_serializer(data=request.data, partial=True)
        changes.is_valid(raise_exception=True)
        services.update_profile(request.user, **changes.validated_data)
        return self.get(request)


class PasswordChange(generics.GenericAPIView):
    permission_classes = [IsAdmin | IsCustomer]
    serializer_class = PasswordChangeSerializer

    @openapi.password_change
    def post(self, request):
        passwords = self.get_serializer(request.user, data=request.data)
        passwords.is_valid(raise_exception=True)
        old, new = passwords.validated_data["old_password"], passwords.validated_data["new_password"]
        # Counts as a login, so that wrong passwords are limited.
        user = authenticate(request, username=request.user.username, password=old)
        if user is None or not user.change_password(new):
            raise ValidationError({"old_password": "This is not your password."})
        return Response({"message": "Password changed"})


class LogoutEverywhere(generics.GenericAPIView):
    permission_classes = [IsAdmin | IsCustomer]

    @openapi.logout_everywhere
    def post(self, request):
        refuse_fields(request)
        sessions.log_out_everywhere(request.user)
        return Response({"message": "Logged out everywhere"})


class UserList(generics.ListAPIView):
    queryset = User.objects.rows()
    serializer_class = UserSerializer
    filterset_class = UserFilter
    orderings = ["id", "-id", "username", "-username", "date_joined", "-date_joined"]

    @openapi.user_list
    @from_replica
    def get(self, request):
        return self.list(request)


class UserDetail(generics.GenericAPIView):
    queryset = User.objects.all()
    serializer_class = UserSerializer

    @openapi.user_get
    def get(self, request, pk):
        return Response(self.get_serializer(self.get_object()).data)

    @openapi.user_patch
    def patch(self, request, pk):
        changes = self.get_serializer(data=request.data, partial=True)
        changes.is_valid(raise_exception=True)
        user = services.set_access(pk, by=request.user, **changes.validated_data)
        return Response(self.get_serializer(user).data)


class UserPassword(generics.GenericAPIView):
    queryset = User.objects.all()
    serializer_class = PasswordSetSerializer

    @openapi.user_password
    def post(self, request, pk):
        password = self.get_serializer(self.get_object(), data=request.data)
        password.is_valid(raise_exception=True)
        services.set_password(pk, password.validated_data["new_password"], by=request.user)
        return Response({"message": "Password set"})
