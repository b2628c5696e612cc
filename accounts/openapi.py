from drf_spectacular.utils import extend_schema, extend_schema_view

from order_management.schema import error, message, request_example, response_example

from .serializers import RefreshSerializer

CREDENTIALS = {"username": "user1", "password": "1234"}
PAIR = {"refresh": "eyJ...", "access": "eyJ..."}

register = extend_schema(
    operation_id="register",
    tags=["accounts"],
    summary="Register as a Customer",
    description="In production the password must pass Django's four validators.",
    examples=[request_example(CREDENTIALS)],
    responses={201: message("Customer registered successfully")},
)
login = extend_schema_view(
    post=extend_schema(
        operation_id="login",
        tags=["accounts"],
        summary="Log in",
        description="The access token lives 15 minutes, the refresh token 7 days.",
        examples=[request_example(CREDENTIALS), response_example(PAIR)],
        responses={
            200: RefreshSerializer,
            401: error("The name or the password is wrong.", "No active account found with the given credentials"),
        },
    )
)
refresh = extend_schema(
    operation_id="refresh",
    tags=["accounts"],
    summary="Get a new pair of tokens",
    description="The refresh token is spent then: keep the new one.",
    examples=[request_example({"refresh": "eyJ..."}), response_example(PAIR)],
)
