"""`Idempotency-Key`: a change that is sent again is not made again (draft-ietf-httpapi-idempotency-key-header)."""

import re
from functools import wraps
from hashlib import sha256

import orjson
from rest_framework.exceptions import ValidationError
from rest_framework.response import Response

from order_management.api.json import JSONRenderer
from order_management.api.serializers import refuse_fields
from order_management.db.transactions import atomic

from . import metrics
from .models import IdempotencyKey, KeyReused

KEY = re.compile("[!-~]{1,255}")
REPLAYED = {"Idempotent-Replayed": "true"}
KEPT_HEADERS = ["Location"]


def retryable(serializer_class=None, **options):
    """Make a method of a view a transaction that a client can safely retry with an Idempotency-Key.

    The body is validated first (400), and the method gets the result as its second argument. Then the key is claimed
    (422), and everything that can change comes after it: a retry is answered even if the order or product has changed
    since. The key, the change and the answer are one transaction, so only a success is kept.
    """

    def decorate(method):
        @atomic
        def run(view, request, *data, **ids):
            record = request.idempotency_key = claim_key(request, *data)
            if record and record.response:
                metrics.replays.count(call_of(request))
                return replay(record)
            response = method(view, request, *data, **ids)
            keep_answer(request, response)
            return response

        @wraps(method)
        def wrapper(view, request, **ids):
            if serializer_class is None:
                refuse_fields(request)
                return run(view, request, **ids)
            serializer = serializer_class(data=request.data, context=view.get_serializer_context(), **options)
            serializer.is_valid(raise_exception=True)
            return run(view, request, serializer.validated_data, **ids)

        wrapper.is_retryable = True  # for the OpenAPI schema
        return wrapper

    return decorate


def claim_key(request, data=None):
    """Return the IdempotencyKey of a request, or None; raise ValidationError (400) or KeyReused (422)."""
    key = request.META.get("HTTP_IDEMPOTENCY_KEY")
    if key is None:
        return None
    if not KEY.fullmatch(key):
        raise ValidationError({"Idempotency-Key": ["Must be 1 to 255 visible ASCII characters (no spaces)."]})
    try:
        return IdempotencyKey.objects.claim(
            request.user, key, request=f"{request.method} {request.path}", fingerprint=fingerprint(data)
        )
    except KeyReused:
        metrics.refused_keys.count(call_of(request))
        raise


def call_of(request):
    """Return the method and route of a request, for the labels of metrics."""
    return f"{request.method} {request.resolver_match.route}"


def fingerprint(data):
    """Return a digest of validated data, the same however its JSON is written."""
    return sha256(orjson.dumps(data, default=str, option=orjson.OPT_SORT_KEYS)).hexdigest()


def keep_answer(request, response):
    """Store an answer with the key of its request, unless there is no key or the answer is stored already.

    A method that ends by locking rows that others wait for calls this itself, before it locks them.
    """
    record = request.idempotency_key
    if record and not record.response:
        record.status, record.response = response.status_code, JSONRenderer().render(response.data).decode()
        record.headers = {name: response.headers[name] for name in KEPT_HEADERS if name in response.headers}
        record.save(update_fields=["status", "response", "headers"])


def replay(record):
    """Return the answer that was kept. The previous version kept only the bodies of new orders."""
    data = orjson.loads(record.response)
    headers = {"Location": f"/api/orders/{data['id']}/"} if record.headers is None else record.headers
    return Response(data, record.status or 201, headers=headers | REPLAYED)
