from rest_framework import generics, status
from rest_framework.response import Response
from rest_framework_simplejwt.views import TokenObtainPairView, TokenViewBase

from . import openapi, services
from .serializers import RefreshSerializer, RegistrationSerializer


class Register(generics.GenericAPIView):
    authentication_classes = []
    permission_classes = []
    serializer_class = RegistrationSerializer

    @openapi.register
    def post(self, request):
        serializer = self.get_serializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        serializer.save()
        return Response({"message": "Customer registered successfully"}, status=status.HTTP_201_CREATED)


@openapi.login
class Login(TokenObtainPairView):
    pass


class Refresh(TokenViewBase):
    serializer_class = RefreshSerializer

    @openapi.refresh
    def post(self, request):
        serializer = self.get_serializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        token = services.rotate(serializer.validated_data["refresh"])
        return Response({"access": str(token.access_token), "refresh": str(token)})
