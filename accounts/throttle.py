"""Limits on failed logins and registrations from one address. Above a limit: Throttled (429) with Retry-After."""

from ipaddress import ip_address, ip_network
from logging import INFO
from urllib.parse import urlsplit

from django.conf import settings
from django.core.exceptions import BadRequest
from rest_framework.exceptions import Throttled
from rest_framework.throttling import BaseThrottle

from order_management.db.transactions import atomic
from order_management.ops.logging import security_event

from .models import ClientAddress, User


def check_login(address, username):
    """Raise Throttled if the username is locked out at this address, before any password is hashed."""
    refuse_if_locked_out(ClientAddress.objects.get_or_new(address), username)


def record_login(address, username, user):
    """Record a login as successful, or as failed if the user is None; raise Throttled if they are locked out by now.

    The caller may learn the result only after this. Deciding it together with the count means that parallel logins
    learn no more than sequential ones, and that successful ones do not wait for each other.
    """
    if user is None:
        record_failure(address, username)
        security_event("login_failed", address=address, user=User.objects.get_id(username))
    else:
        record_success(address, username)
        security_event("login_succeeded", level=INFO, address=address, user=user.pk)


# Durable: inside a transaction of the request, a rollback would undo the count.
@atomic(durable=True)
def record_failure(address, username):
    client = ClientAddress.objects.lock(address)
    refuse_if_locked_out(client, username)
    client.record_failure(username)


def record_success(address, username):
    client = ClientAddress.objects.get_or_new(address)
    refuse_if_locked_out(client, username)
    if client.has_failures(username):
        reset_failures(address, username)


@atomic(durable=True)
def reset_failures(address, username):
    client = ClientAddress.objects.lock(address)
    refuse_if_locked_out(client, username)
    client.reset_failures(username)


def refuse_if_locked_out(client, username):
    wait = client.login_wait(username)
    if wait:
        security_event("login_locked", address=client.address, user=User.objects.get_id(username))
        raise Throttled(wait, "Too many failed logins.")


def check_registration(address):
    """Raise Throttled if nobody may register from this address now, before any work is done."""
    if settings.THROTTLE_ENABLED:
        refuse_registration(ClientAddress.objects.get_or_new(address))


def record_registration(address):
    """Count a registration, in the transaction that creates the user; raise Throttled if it is one too many."""
    if settings.THROTTLE_ENABLED:
        client = ClientAddress.objects.lock(address)
        refuse_registration(client)
        client.record_registration()


def refuse_registration(client):
    wait = client.registration_wait()
    if wait:
        security_event("registration_refused", address=client.address)
        raise Throttled(wait, "Too many registrations.")


def client_address(request):
    """Return the client's IPv4 address, or the /64 network of its IPv6 address, which belongs to a single customer.

    Each proxy appends the address that called it to `X-Forwarded-For`, so the last TRUSTED_PROXIES entries are
    trusted; whatever callers make up comes before them.
    """
    ident = BaseThrottle().get_ident(request) or ""
    if settings.TRUSTED_PROXIES and not ident and "HTTP_X_FORWARDED_FOR" in request.META:
        # The server passes on an unreadable header as an empty one, which must not hide the client.
        raise BadRequest("X-Forwarded-For is unreadable.")
    try:
        address = ip_address(without_port(ident))
    except ValueError:
        return ident[:64]
    if address.version == 4:
        return str(address)
    return str(address.ipv4_mapped or ip_network((address, 64), strict=False))


def without_port(ident):
    """Remove the port that some proxies add, as in `192.0.2.1:4711` and `[2001:db8::1]:4711`."""
    return urlsplit(f"//{ident}").hostname if "[" in ident or ident.count(":") == 1 else ident
