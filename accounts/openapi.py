from drf_spectacular.utils import extend_schema, extend_schema_view

from order_management.api.schema import conflict, error, message, request_example, response_example

from .serializers import MeSerializer, RefreshSerializer, UserSerializer

CREDENTIALS = {"username": "user1", "password": "1234"}
PAIR = {"refresh": "eyJ...", "access": "eyJ..."}

ME = {
    "id": 2,
    "username": "user1",
    "role": "customer",
    "email": "user1@example.com",
    "first_name": "Ulla",
    "last_name": "One",
    "date_joined": "2026-11-22T10:00:00.123456Z",
}
USER = {
    "id": 2,
    "username": "user1",
    "role": "customer",
    "is_active": True,
    "date_joined": "2026-11-22T10:00:00.123456Z",
}

LOCKED_OUT = error(
    "Too many wrong passwords came from this address: the right one does not help either.",
    "Too many failed logins. Expected available in 900 seconds.",
)

register = extend_schema(
    operation_id="register",
    tags=["accounts"],
    summary="Register as a Customer",
    description="In production the password must pass Django's four validators.",
    examples=[request_example(CREDENTIALS)],
    responses={
        201: message("Customer registered successfully"),
        429: error(
            "Too many registrations came from this address.",
            "Too many registrations. Expected available in 3600 seconds.",
        ),
    },
)
login = extend_schema_view(
    post=extend_schema(
        operation_id="login",
        tags=["accounts"],
        summary="Log in",
        description="The access token lives 15 minutes, the refresh token 7 days. Ten wrong passwords for a name from "
        "one address within 15 minutes lock it out there, until they have passed.",
        examples=[request_example(CREDENTIALS), response_example(PAIR)],
        responses={
            200: RefreshSerializer,
            401: error("The name or the password is wrong.", "No active account found with the given credentials"),
            429: LOCKED_OUT,
        },
    )
)
refresh = extend_schema(
    operation_id="refresh",
    tags=["accounts"],
    summary="Get a new pair of tokens",
    description="The refresh token works only once: keep the new one. If a spent one is used again more than ten "
    "seconds later, its session ends: every refresh token from the same login stops working.",
    examples=[request_example({"refresh": "eyJ..."}), response_example(PAIR)],
)
logout = extend_schema(
    operation_id="logout",
    tags=["accounts"],
    summary="Log out",
    description="The refresh token stops working; its access token stays valid for the rest of its 15 minutes. Other "
    "sessions are not affected. If it is used again more than ten seconds later, its session ends.",
    examples=[request_example({"refresh": "eyJ..."})],
    responses={200: message("Logged out")},
)
me_get = extend_schema(
    operation_id="me_get",
    tags=["accounts"],
    summary="Read your own account",
    description="`role` is `admin` or `customer`.",
    examples=[response_example(ME)],
)
me_patch = extend_schema(
    operation_id="me_patch",
    tags=["accounts"],
    summary="Change your own account",
    description="Send only what changes: `email`, `first_name`, `last_name`.",
    request=MeSerializer(partial=True),
    examples=[request_example({"email": "user1@example.com"}), response_example(ME)],
)
password_change = extend_schema(
    operation_id="password_change",
    tags=["accounts"],
    summary="Change your password",
    description="Every token issued before, access and refresh, and every admin site session ends immediately: "
    "log in again. "
    "A wrong old password counts as a failed login.",
    examples=[request_example({"old_password": "1234", "new_password": "a better one"})],
    responses={200: message("Password changed"), 429: LOCKED_OUT},
)
user_list = extend_schema(
    operation_id="user_list",
    tags=["users"],
    summary="List the users",
    description="A page ends at 100 users unless `page_size` says otherwise; the next one is in the `Link` header.",
    responses=UserSerializer(many=True),
    examples=[response_example(USER)],
)
user_get = extend_schema(
    operation_id="user_get",
    tags=["users"],
    summary="Get a user",
    description="As Admins see them.",
    examples=[response_example(USER)],
)
user_patch = extend_schema(
    operation_id="user_patch",
    tags=["users"],
    summary="Promote, demote, lock out or let in a user",
    description="It holds from that user's next request on.",
    request=UserSerializer(partial=True),
    examples=[request_example({"is_active": False}), response_example(USER | {"is_active": False})],
    responses={200: UserSerializer, 409: conflict("You cannot take away your own access.")},
)
