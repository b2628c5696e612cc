from django.contrib import admin
from django.templatetags.static import static
from django.urls import include, path, re_path
from django.views.generic import RedirectView
from drf_spectacular.views import SpectacularSwaggerSplitView

from . import views
from .schema_view import Schema

urlpatterns = [
    path("", RedirectView.as_view(url="/api/docs/")),
    path("api/", include("accounts.urls")),
    path("api/", include("products.urls")),
    path("api/", include("orders.urls")),
    path("api/schema/", Schema.as_view(), name="schema"),
    path("api/docs/", SpectacularSwaggerSplitView.as_view(http_method_names=["get", "head"])),
    path("admin/", admin.site.urls),
    # Browsers ask for it, whatever the page says.
    path("favicon.ico", RedirectView.as_view(url=static("drf_spectacular_sidecar/swagger-ui-dist/favicon-32x32.png"))),
    path("healthz/", views.healthz),
    path("readyz/", views.readyz),
    path("metrics/", views.metrics),
    re_path("", views.not_found),
]
