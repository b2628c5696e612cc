from functools import cache

from django.conf import settings
from django.db import Error, connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from django.http import HttpResponse, HttpResponsePermanentRedirect, JsonResponse
from django.urls import resolve
from django.utils.crypto import constant_time_compare
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from prometheus_client import CONTENT_TYPE_LATEST

from .metrics import exposition

# A longer path is not repeated in an error.
PATH_MAX = 200


@never_cache
def healthz(request):
    """The process lives: 200."""
    return JsonResponse({"status": "ok"})


@never_cache
def readyz(request):
    """The database answers and has every migration of this version: 200, else 503."""
    try:
        ready = migrations() <= MigrationRecorder(connection).applied_migrations().keys()
    except Error:
        ready = False
    if not ready:
        return JsonResponse({"status": "unavailable"}, status=503, headers={"Retry-After": "5"})
    return JsonResponse({"status": "ok"})


@cache
def migrations():
    return MigrationLoader(None).graph.nodes.keys()


@never_cache
def metrics(request):
    """What Prometheus reads, for who has METRICS_TOKEN; without such a setting there is nothing here."""
    if not settings.METRICS_TOKEN:
        return not_found(request)
    if not constant_time_compare(request.headers.get("Authorization", ""), f"Bearer {settings.METRICS_TOKEN}"):
        return JsonResponse({"detail": "Wrong token."}, status=401, headers={"WWW-Authenticate": "Bearer"})
    return HttpResponse(exposition(), content_type=CONTENT_TYPE_LATEST)


@csrf_exempt
def not_found(request):
    """Answer a path that nothing else answers: to where it lacks only the slash, or 404 in JSON."""
    path = request.path_info + "/"
    if request.path_info.endswith("/") or resolve(path).func is not_found:
        return JsonResponse({"detail": "There is nothing at this path."}, status=404)
    if request.method in ("GET", "HEAD"):
        # As Django's APPEND_SLASH does, but without its error for other methods.
        return HttpResponsePermanentRedirect(request.get_full_path(force_append_slash=True))
    named = f": {path}" if len(path) <= PATH_MAX else "."
    return JsonResponse({"detail": f"Paths end in a slash{named}"}, status=404)
