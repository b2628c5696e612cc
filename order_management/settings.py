"""Settings of the project. Those that differ between machines come from the environment: see the README's table."""

from pathlib import Path

from corsheaders.defaults import default_headers
from django.templatetags.static import static

from . import env
from .db import postgres, sqlite
from .ops.logging import logging_config

BASE_DIR = Path(__file__).resolve().parent.parent

# Mode: development under manage.py without configuration, production under a server (wsgi.py and asgi.py say so).
DEBUG = env.switch("DEBUG", default=not (env.text("SECRET_KEY") or env.text("DATABASE_URL")))

SECRET_KEY = env.text("SECRET_KEY")
if DEBUG:
    SECRET_KEY = SECRET_KEY or env.development_key(BASE_DIR / ".secret_key")
elif len(SECRET_KEY or "") < 50:
    env.refuse("SECRET_KEY", "must be set to at least 50 random characters in production (or set DEBUG=on)")

ALLOWED_HOSTS = env.hosts("ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]"] if DEBUG else [])
if not ALLOWED_HOSTS:
    env.refuse("ALLOWED_HOSTS", "must name the hosts to answer for in production, separated by commas")

# How many proxies in front may say who calls, and how.
TRUSTED_PROXIES = env.integer("TRUSTED_PROXIES", 0, minimum=0)

# Prometheus metrics. PROMETHEUS_MULTIPROC_DIR, which the workers share, is checked when the server starts.
METRICS_TOKEN = env.token("METRICS_TOKEN")

# Statements that take longer are logged; 0: none.
SLOW_QUERY_MS = env.integer("SLOW_QUERY_MS", 0, minimum=0)

# Application

INSTALLED_APPS = [
    # Its templates come before those of Django's admin.
    "unfold.apps.BasicAppConfig",
    "unfold.contrib.filters",
    "accounts.apps.AdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    # Before staticfiles, so that its runserver takes precedence.
    "order_management.apps.OrderManagementConfig",
    "django.contrib.staticfiles",
    "corsheaders",
    "django_filters",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "rest_framework",
    "rest_framework_simplejwt.token_blacklist",
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
    "order_management.api.limits.drain_body",
    "order_management.api.middleware.require_https",
    # Browsers may read the refusals that follow, too.
    "corsheaders.middleware.CorsMiddleware",
    "order_management.api.limits.limit_request",
    "django.middleware.security.SecurityMiddleware",
    "order_management.ops.middleware.health_checks",
    "whitenoise.middleware.WhiteNoiseMiddleware",
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
TIME_ZONE = "UTC"

STATIC_URL = "static/"
# Straight from the installed packages: nothing to collect before a start, nothing to forget.
WHITENOISE_USE_FINDERS = True
WHITENOISE_ALLOW_ALL_ORIGINS = False

# Database

# Connections are kept: a new one costs more than most calls. runserver would keep one for each thread it ever had.
CONNECTIONS = {"conn_max_age": 0 if DEBUG else None, "conn_health_checks": True}
DATABASES = {"default": env.database("DATABASE_URL", "sqlite:///db.sqlite3", base_dir=BASE_DIR, **CONNECTIONS)}
# Lists and reports are read from there.
if env.text("DATABASE_REPLICA_URL"):
    DATABASES["replica"] = env.postgres("DATABASE_REPLICA_URL", **CONNECTIONS)
    DATABASE_ROUTERS = ["order_management.db.replica.Router"]
PGBOUNCER = env.switch("PGBOUNCER", default=False)
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    if "replica" in DATABASES:
        env.refuse("DATABASE_REPLICA_URL", "must be left out with SQLite, which has no replicas")
    sqlite.configure(DATABASES["default"])
else:
    postgres.configure(DATABASES, PGBOUNCER)
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# Accounts

AUTH_USER_MODEL = "accounts.User"
PASSWORD_HASHERS = [
    "accounts.hashers.Argon2Hasher",
    # Hashes made elsewhere still log in, and are upgraded then.
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
LOGIN_REDIRECT_URL = "admin:index"
AUTHENTICATION_BACKENDS = ["accounts.backends.ModelBackend"]
THROTTLE_ENABLED = env.switch("THROTTLE_ENABLED", default=True)
# Failed logins of one name from one address, and of any names from one address; then it takes until the window is over.
LOGIN_FAILURES = env.integer("LOGIN_FAILURES", 10, minimum=1)
LOGIN_FAILURES_OF_ADDRESS = 10 * LOGIN_FAILURES
LOGIN_WINDOW = env.duration("LOGIN_WINDOW", "15m")
REGISTER_RATE = env.rate("REGISTER_RATE", "60/h")
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
    if not DEBUG
]
SIMPLE_JWT = {
    "ACCESS_TOKEN_LIFETIME": env.duration("ACCESS_TOKEN_LIFETIME", "15m"),
    "REFRESH_TOKEN_LIFETIME": env.duration("REFRESH_TOKEN_LIFETIME", "7d"),
    "TOKEN_OBTAIN_SERIALIZER": "accounts.serializers.LoginSerializer",
}

# Orders

# How many orders a Customer may place, and in what period; None means no limit.
ORDER_RATE = env.rate("ORDER_RATE")
# How long they may be pending until `manage.py housekeeping` cancels them; None: for ever.
EXPIRE_ORDERS_AFTER = env.duration("EXPIRE_ORDERS_AFTER")

# API

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["accounts.authentication.JWTAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["accounts.permissions.IsAdmin"],
    "DEFAULT_RENDERER_CLASSES": ["order_management.api.json.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["order_management.api.json.JSONParser"],
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "order_management.api.negotiation.JSONOnly",
    "DEFAULT_PAGINATION_CLASS": "order_management.api.pagination.KeysetPagination",
    "DEFAULT_FILTER_BACKENDS": ["order_management.api.filters.FilterBackend"],
    "DEFAULT_METADATA_CLASS": "order_management.api.metadata.Metadata",
    "DEFAULT_SCHEMA_CLASS": "order_management.api.schema.AutoSchema",
    # The limits are told who calls.
    "NUM_PROXIES": TRUSTED_PROXIES,
    "EXCEPTION_HANDLER": "order_management.api.handler.exception_handler",
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}
# Paths that programs call, without the leading slash: all of the API except the page with its docs.
API_CALLS = r"^api(?!/docs/?\Z)(/|\Z)"

# Maximum size of a body in bytes, by path prefix: the first match counts. Django keeps bodies of these sizes in memory
# (up to FILE_UPLOAD_MAX_MEMORY_SIZE); it would write larger ones to disk.
BODY_MAX_BYTES = {
    "/api/": 1024 * 1024,
    "/admin/products/product/import/": 2560 * 1024,
    "": 64 * 1024,
}
# How long a body may take to arrive.
BODY_TIMEOUT = env.duration("BODY_TIMEOUT", "30s")

SPECTACULAR_SETTINGS = {
    "TITLE": "Order Management",
    "DESCRIPTION": "Register, log in, keep a product catalogue, take orders against real stock. "
    "Two roles: **Admin** and **Customer**.\n\n"
    "Log in with `POST /api/login/` and send the access token as `Authorization: Bearer <ACCESS_TOKEN>`. "
    "On this page: press **Authorize** and paste the token, without `Bearer`.",
    "VERSION": "1.0.0",
    "OAS_VERSION": "3.1.1",
    "SERVE_AUTHENTICATION": [],
    "SERVE_INCLUDE_SCHEMA": False,
    "COMPONENT_SPLIT_REQUEST": True,
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "SWAGGER_UI_SETTINGS": {"persistAuthorization": True},
}

UNFOLD = {
    "SITE_TITLE": "Order Management",
    "SITE_HEADER": "Order Management",
    "SITE_SYMBOL": "storefront",
    "DASHBOARD_CALLBACK": "orders.dashboard.dashboard",
    "SCRIPTS": [lambda request: static("accounts/send_once.js")],
}

CORS_ALLOWED_ORIGINS = env.origins("CORS_ALLOWED_ORIGINS")
CORS_URLS_REGEX = r"^/api/"
CORS_ALLOW_HEADERS = [*default_headers, "if-match", "if-none-match", "idempotency-key", "x-request-id", "traceparent"]
CORS_EXPOSE_HEADERS = ["Link", "ETag", "Location", "Retry-After", "Idempotent-Replayed", "X-Request-ID"]

# Transport

if TRUSTED_PROXIES:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_SSL_REDIRECT = SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = env.switch("HTTPS", default=not DEBUG)
# The admin site's forms bring their token with them: no script has to read the cookie.
CSRF_COOKIE_HTTPONLY = True
# The middleware require_https refuses calls: a redirect would come after passwords and tokens have been sent.
SECURE_REDIRECT_EXEMPT = [r"^healthz/$", r"^readyz/$", r"^metrics/$", API_CALLS]
SECURE_HSTS_SECONDS = 365 * 24 * 3600 if SECURE_SSL_REDIRECT else 0
SILENCED_SYSTEM_CHECKS = [
    # HSTS speaks for this host alone. Its subdomains and the browsers' preload list are the domain owner's to opt in
    # (SECURE_HSTS_INCLUDE_SUBDOMAINS, SECURE_HSTS_PRELOAD): taking them back takes months.
    "security.W005",
    "security.W021",
]

LOGGING = logging_config(DEBUG)
