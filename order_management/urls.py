from django.contrib import admin
from django.templatetags.static import static
from django.urls import include, path, re_path
from django.views.generic import RedirectView
from drf_spectacular.views import SpectacularSwaggerSplitView

from .api.views import Root, Schema, not_found
from .ops import health

urlpatterns = [
    path("", RedirectView.as_view(url="/api/docs/")),
    # Django tries the paths in this order: those that are called most come first.
    path("api/products/", include("products.urls")),
    path("api/", include("orders.urls")),
    path("api/", include("accounts.urls")),
    path("api/", Root.as_view()),
    path("api/schema/", Schema.as_view(), name="schema"),
    path("api/docs/", SpectacularSwaggerSplitView.as_view(http_method_names=["get", "head"])),
    path("admin/", admin.site.urls),
    # Browsers request it even if a page names another icon.
    path("favicon.ico", RedirectView.as_view(url=static("drf_spectacular_sidecar/swagger-ui-dist/favicon-32x32.png"))),
    # The middleware health_checks answers these first. As routes, they also get the redirect for a missing slash.
    path("healthz/", health.healthz),
    path("readyz/", health.readyz),
    path("metrics/", health.metrics),
    re_path("", not_found),
]
