from drf_spectacular.contrib.rest_framework_simplejwt import SimpleJWTScheme

from order_management.api.openapi import conflict, error, message, operation, request_example, response_example
from order_management.exceptions import Code

from .serializers import MeSerializer, RefreshSerializer, UserSerializer
from .services import OwnAccess, OwnPassword

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
    "Too many failed logins from this address. Even the right password is refused.",
    "Too many failed logins. Expected available in 900 seconds.",
    Code.THROTTLED,
)


class BearerScheme(SimpleJWTScheme):
    target_class = "accounts.authentication.JWTAuthentication"
    name = "Bearer"


@operation(
    "Register as a Customer",
    examples=[request_example(CREDENTIALS)],
    responses={
        201: message("Customer registered successfully"),
        429: error(
            "Too many registrations from this address.",
            "Too many registrations. Expected available in 3600 seconds.",
            Code.THROTTLED,
        ),
    },
)
def register():
    """In production the password must pass Django's four validators."""


@operation(
    "Log in",
    examples=[request_example(CREDENTIALS), response_example(PAIR)],
    responses={
        200: RefreshSerializer,
        401: error(
            "The username or the password is wrong.",
            "No active account found with the given credentials",
            Code.NO_ACTIVE_ACCOUNT,
        ),
        429: LOCKED_OUT,
    },
)
def login():
    """The access token is valid for 15 minutes, the refresh token for 7 days.

    After ten failed logins with one username from one address within 15 minutes, that address is locked out of that
    account until the 15 minutes have passed.
    """


@operation(
    "Get a new pair of tokens",
    examples=[request_example({"refresh": "eyJ..."}), response_example(PAIR)],
)
def refresh():
    """A refresh token works only once: keep the new one.

    If it is used again more than ten seconds later, its session ends: every refresh token from the same login stops
    working.
    """


@operation("Log out", examples=[request_example({"refresh": "eyJ..."})], responses={200: message("Logged out")})
def logout():
    """The refresh token stops working; its access token stays valid for the rest of its 15 minutes.

    Other sessions are not affected. If the refresh token is used again more than ten seconds later, its session ends.
    """


@operation("Read your own account", examples=[response_example(ME)])
def me_get():
    """`role` is `admin` or `customer`."""


@operation(
    "Change your own account",
    request=MeSerializer(partial=True),
    examples=[request_example({"email": "user1@example.com"}), response_example(ME)],
)
def me_patch():
    """Send only what changes: `email`, `first_name`, `last_name`."""


@operation(
    "Change your password",
    examples=[request_example({"old_password": "1234", "new_password": "a better one"})],
    responses={200: message("Password changed"), 429: LOCKED_OUT},
)
def password_change():
    """All your tokens, access and refresh, and all your admin site sessions end immediately: log in again.

    A wrong old password counts as a failed login.
    """


@operation("Log out everywhere", request=None, responses={200: message("Logged out everywhere")})
def logout_everywhere():
    """All your tokens, access and refresh, and all your admin site sessions end immediately: log in again."""


@operation("List users", tags=["users"], responses=UserSerializer(many=True), examples=[response_example(USER)])
def user_list():
    """A page ends at 100 users unless `page_size` says otherwise; the next one is in the `Link` header."""


@operation("Get a user", tags=["users"], examples=[response_example(USER)])
def user_get():
    """As Admins see them."""


@operation(
    "Promote, demote, lock out or let in a user",
    tags=["users"],
    request=UserSerializer(partial=True),
    examples=[request_example({"is_active": False}), response_example(USER | {"is_active": False})],
    responses={200: UserSerializer, 409: conflict(OwnAccess())},
)
def user_patch():
    """It takes effect on that user's next request."""


@operation(
    "Set a user's password",
    tags=["users"],
    examples=[request_example({"new_password": "a better one"})],
    responses={200: message("Password set"), 409: conflict(OwnPassword())},
)
def user_password():
    """All their tokens and admin site sessions end immediately; only the new password works.

    A user who has been locked out stays locked out, and failed logins still count.
    """
