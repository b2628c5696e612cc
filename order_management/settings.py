"""Django settings. Those that differ between machines come from environment variables: see the README."""

from pathlib import Path

from corsheaders.defaults import default_headers
from django.conf import global_settings
from django.templatetags.static import static

from . import __version__, env
from .db import postgres, sqlite
from .ops.logging import logging_config

BASE_DIR = Path(__file__).resolve().parent.parent

# Development mode unless configured. Under a server it must be set explicitly: wsgi.py and asgi.py turn it off.
DEBUG = env.switch("DEBUG", default=not (env.text("SECRET_KEY") or env.text("DATABASE_URL")))

SECRET_KEY = env.text("SECRET_KEY")
if DEBUG:
    SECRET_KEY = SECRET_KEY or env.development_key(BASE_DIR / ".secret_key")
elif len(SECRET_KEY or "") < 50:
    env.refuse("SECRET_KEY", "must be set to at least 50 random characters in production (or set DEBUG=on)")

ALLOWED_HOSTS = env.hosts("ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]"] if DEBUG else [])
if not ALLOWED_HOSTS:
    env.refuse("ALLOWED_HOSTS", "must name the hosts to answer for in production, separated by commas")

# The number of proxies in front whose X-Forwarded-For and X-Forwarded-Proto are trusted.
TRUSTED_PROXIES = env.integer("TRUSTED_PROXIES", 0, minimum=0)

# Prometheus metrics. PROMETHEUS_MULTIPROC_DIR, which the workers share, is checked when the server starts.
METRICS_TOKEN = env.token("METRICS_TOKEN")

# Whether each request's line in the log has the caller's address.
LOG_ADDRESSES = env.switch("LOG_ADDRESSES", default=False)

# Log statements that take longer; 0 turns it off.
SLOW_QUERY_MS = env.integer("SLOW_QUERY_MS", 0, minimum=0)

# Application

INSTALLED_APPS = [
    # Before unfold, whose templates it overrides, and staticfiles, whose runserver it overrides.
    "order_management.apps.OrderManagementConfig",
    # Before Django's admin, whose templates it overrides.
    "unfold.apps.BasicAppConfig",
    "unfold.contrib.filters",
    "accounts.apps.AdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "corsheaders",
    "django_filters",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "rest_framework",
    "rest_framework_simplejwt.token_blacklist",
    "order_management.feeds",
    "accounts",
    "products",
    "orders",
    "demo",
]

MIDDLEWARE = [
    "order_management.ops.middleware.count_requests",
    "order_management.ops.middleware.log_request",
    "order_management.ops.middleware.log_slow_queries",
    "order_management.api.middleware.security_headers",
    "order_management.api.middleware.json_errors",
    "order_management.api.prefer.preferences_applied",
    "order_management.api.limits.drain_body",
    "order_management.api.middleware.require_https",
    # Before the middleware that refuse requests, so that browsers can read their responses.
    "order_management.api.middleware.CorsMiddleware",
    "order_management.api.limits.limit_request",
    "django.middleware.security.SecurityMiddleware",
    "order_management.ops.middleware.health_checks",
    "order_management.api.middleware.skip_page_middleware",
    "order_management.static_files.StaticFilesMiddleware",
    "order_management.api.database_errors.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "order_management.api.database_errors.DatabaseErrorMiddleware",
]

DEFAULT_EXCEPTION_REPORTER = "order_management.ops.debug.ExceptionReporter"

ROOT_URLCONF = "order_management.urls"
WSGI_APPLICATION = "order_management.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]

USE_I18N = False
# For the API. The admin site has its own: SHOP_TIME_ZONE.
TIME_ZONE = "UTC"

STATIC_URL = "static/"
STORAGES = global_settings.STORAGES | {
    "staticfiles": {"BACKEND": "order_management.static_files.StaticFilesStorage"},
}
# Serve static files from the installed packages, without collectstatic.
WHITENOISE_USE_FINDERS = True
WHITENOISE_ALLOW_ALL_ORIGINS = False

# Database

# Connections are kept, because a new one costs more than most calls. Not under runserver, which starts a thread for
# each client and would keep a connection for each.
CONNECTIONS = {"conn_max_age": 0 if DEBUG else None, "conn_health_checks": True}
DATABASES = {"default": env.database("DATABASE_URL", "sqlite:///db.sqlite3", base_dir=BASE_DIR, **CONNECTIONS)}
# Lists and reports are read from the replica.
if env.text("DATABASE_REPLICA_URL"):
    DATABASES["replica"] = env.postgres("DATABASE_REPLICA_URL", **CONNECTIONS)
    DATABASE_ROUTERS = ["order_management.db.replica.Router"]
PGBOUNCER = env.switch("PGBOUNCER", default=False)
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    if "replica" in DATABASES:
        env.refuse("DATABASE_REPLICA_URL", "must not be set with SQLite, which has no replicas")
    sqlite.configure(DATABASES["default"])
else:
    postgres.configure(DATABASES, PGBOUNCER)
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# Accounts

AUTH_USER_MODEL = "accounts.User"
PASSWORD_HASHERS = [
    "accounts.hashers.Argon2Hasher",
    # For imported hashes, which are upgraded at the next login.
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
LOGIN_REDIRECT_URL = "admin:index"
AUTHENTICATION_BACKENDS = ["accounts.backends.ModelBackend"]
THROTTLE_ENABLED = env.switch("THROTTLE_ENABLED", default=True)
# How many failed logins of one name, or of all names, are allowed from one address per window.
LOGIN_FAILURES = env.integer("LOGIN_FAILURES", 10, minimum=1)
LOGIN_FAILURES_OF_ADDRESS = 10 * LOGIN_FAILURES
LOGIN_WINDOW = env.duration("LOGIN_WINDOW", "15m")
REGISTER_RATE = env.rate("REGISTER_RATE", "60/h")
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
if DEBUG:
    AUTH_PASSWORD_VALIDATORS = []
SIMPLE_JWT = {
    "ACCESS_TOKEN_LIFETIME": env.duration("ACCESS_TOKEN_LIFETIME", "15m"),
    "REFRESH_TOKEN_LIFETIME": env.duration("REFRESH_TOKEN_LIFETIME", "7d"),
    "TOKEN_OBTAIN_SERIALIZER": "accounts.serializers.LoginSerializer",
}

# Orders

# How many orders a Customer may place in a period; None means no limit.
ORDER_RATE = env.rate("ORDER_RATE")
# How long an order may be pending until `manage.py housekeeping` cancels it; None means forever.
EXPIRE_ORDERS_AFTER = env.duration("EXPIRE_ORDERS_AFTER")

# API

REST_FRAMEWORK = {
    # Checks the token's version, which makes tokens revocable.
    "DEFAULT_AUTHENTICATION_CLASSES": ["accounts.authentication.JWTAuthentication"],
    # Wider access is written on the view.
    "DEFAULT_PERMISSION_CLASSES": ["accounts.permissions.IsAdmin"],
    # Ten times as fast as DRF's on a list.
    "DEFAULT_RENDERER_CLASSES": ["order_management.api.json.JSONRenderer"],
    # Refuses invalid UTF-8, NaN and deep nesting, on which DRF's parser fails.
    "DEFAULT_PARSER_CLASSES": ["order_management.api.json.JSONParser"],
    # 415 for everything but JSON in UTF-8, and never 406.
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "order_management.api.negotiation.JSONOnly",
    # Bare lists with a Link header, and the largest page size. DRF's cursors skip rows among many equal values.
    "DEFAULT_PAGINATION_CLASS": "order_management.api.pagination.KeysetPagination",
    # Skips django-filter's form when nothing is filtered, which saves 0.3 ms.
    "DEFAULT_FILTER_BACKENDS": ["order_management.api.filters.FilterBackend"],
    # The OpenAPI schema describes the fields, so OPTIONS does not.
    "DEFAULT_METADATA_CLASS": "order_management.api.metadata.Metadata",
    # drf-spectacular does not document errors.
    "DEFAULT_SCHEMA_CLASS": "order_management.api.schema.AutoSchema",
    # 409 for a Conflict, 503 while the database is unavailable, 401 if the caller was deleted meanwhile.
    "EXCEPTION_HANDLER": "order_management.api.handler.exception_handler",
    "NUM_PROXIES": TRUSTED_PROXIES,
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}
# Paths that programs call, without the leading slash: the whole API except the page with its docs.
API_CALLS = r"^api(?!/docs/?\Z)(/|\Z)"

# Maximum size of a body in bytes, by path prefix: the first match counts. Django keeps bodies of these sizes in memory
# (up to FILE_UPLOAD_MAX_MEMORY_SIZE) and writes larger ones to disk.
BODY_MAX_BYTES = {
    "/api/": 1024 * 1024,
    "/admin/products/product/import/": 2560 * 1024,
    "": 64 * 1024,
}
# How long a body may take to arrive.
BODY_TIMEOUT = env.duration("BODY_TIMEOUT", "30s")

SPECTACULAR_SETTINGS = {
    "TITLE": "Order Management",
    "DESCRIPTION": "Register, log in, keep a product catalog, take orders against real stock. "
    "Two roles: **Admin** and **Customer**.\n\n"
    "## Log in\n\n"
    "Call `POST /api/login/` and send the access token as `Authorization: Bearer <ACCESS_TOKEN>`. "
    "On this page: press **Authorize** and paste the token, without `Bearer`.",
    "VERSION": __version__,
    "OAS_VERSION": "3.1.1",
    "SERVE_AUTHENTICATION": [],
    "SERVE_INCLUDE_SCHEMA": False,
    "COMPONENT_SPLIT_REQUEST": True,
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "SWAGGER_UI_SETTINGS": {"persistAuthorization": True},
}

# Admin site

# For its times and its days.
SHOP_TIME_ZONE = env.time_zone("SHOP_TIME_ZONE", "UTC")
# Precedes amounts; empty for none.
CURRENCY = env.currency("CURRENCY")

UNFOLD = {
    "SITE_TITLE": "Order Management",
    "SITE_HEADER": "Order Management",
    "SITE_SYMBOL": "storefront",
    "DASHBOARD_CALLBACK": "orders.dashboard.dashboard",
    "STYLES": [lambda request: static("order_management/admin.css")],
    "SCRIPTS": [
        lambda request: static("accounts/send_once.js"),
        lambda request: static("order_management/admin.js"),
    ],
}

CORS_ALLOWED_ORIGINS = env.origins("CORS_ALLOWED_ORIGINS")
CORS_URLS_REGEX = r"^/api/"
CORS_ALLOW_HEADERS = [
    *default_headers,
    *["if-match", "if-none-match", "idempotency-key", "prefer", "x-request-id", "traceparent"],
]
CORS_EXPOSE_HEADERS = [
    *["Link", "ETag", "Location", "Retry-After", "Idempotent-Replayed", "X-Request-ID"],
    *["Total-Count", "Preference-Applied"],
]

# Transport

if TRUSTED_PROXIES:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_SSL_REDIRECT = SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = env.switch("HTTPS", default=not DEBUG)
# The admin site's forms contain the token, so no script needs to read the cookie.
CSRF_COOKIE_HTTPONLY = True
# The middleware require_https refuses calls instead: by the time of a redirect, a password or token has been sent.
SECURE_REDIRECT_EXEMPT = [r"^healthz/$", r"^readyz/$", r"^metrics/$", API_CALLS]
SECURE_HSTS_SECONDS = 365 * 24 * 3600 if SECURE_SSL_REDIRECT else 0
SILENCED_SYSTEM_CHECKS = [
    # HSTS is for this host only. To include subdomains or the browsers' preload list (SECURE_HSTS_INCLUDE_SUBDOMAINS,
    # SECURE_HSTS_PRELOAD) is up to the owner of the domain: it takes months to undo.
    "security.W005",
    "security.W021",
]

LOGGING = logging_config(DEBUG)
