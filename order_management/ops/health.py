from functools import cache

from django.conf import settings
from django.db import Error, connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from django.http import HttpResponse, JsonResponse
from django.utils.crypto import constant_time_compare
from django.views.decorators.cache import never_cache
from prometheus_client import CONTENT_TYPE_LATEST

from ..api.views import not_found
from ..db.writable import is_writable
from ..exceptions import Code, error_body
from .metrics import exposition


@never_cache
def healthz(request):
    """Return 200 while the process is alive."""
    return JsonResponse({"status": "ok"})


@never_cache
def readyz(request):
    """Return 200 if the database responds, has every migration of this version and accepts writes, else 503."""
    try:
        ready = migrations() <= applied_migrations() and is_writable()
    except Error:
        ready = False
    if not ready:
        return JsonResponse({"status": "unavailable"}, status=503, headers={"Retry-After": "5"})
    return JsonResponse({"status": "ok"})


@cache
def migrations():
    return MigrationLoader(None).graph.nodes.keys()


def applied_migrations():
    # MigrationRecorder's method of this name first lists all tables, which takes longer than everything else here.
    return set(MigrationRecorder(connection).migration_qs.values_list("app", "name"))


@never_cache
def metrics(request):
    """Return the metrics to clients that send METRICS_TOKEN; 404 if it is not set."""
    if not settings.METRICS_TOKEN:
        return not_found(request)
    if not constant_time_compare(request.headers.get("Authorization", ""), f"Bearer {settings.METRICS_TOKEN}"):
        body = error_body(401, "Wrong token.", Code.TOKEN_NOT_VALID)
        return JsonResponse(body, status=401, headers={"WWW-Authenticate": "Bearer"})
    return HttpResponse(exposition(), content_type=CONTENT_TYPE_LATEST)
