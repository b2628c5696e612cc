"""Limits on what one address may try. Over the limit: Throttled (429), which says when to come again."""

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


def limit_login(request, username, check):
    """Return what `check` returns, the user if the password is right, else None; count the failures.

    Whether the caller may know the answer is decided after the check, together with the count. So tries at the same
    moment learn no more than one after the other, and right ones do not stand in each other's way.
    """
    if not settings.THROTTLE_ENABLED:
        return check()
    address = client_address(request)
    # Before the check too: a locked out caller costs no hashing.
    refuse_login(ClientAddress.objects.seen(address), username)
    user = check()
    if user is None:
        count_failure(address, username)
        security_event("login_failed", address=address, user=User.objects.id_of(username))
    else:
        count_success(address, username)
        security_event("login_succeeded", level=INFO, address=address, user=user.pk)
    return user


# Durable: never within a transaction of the request, whose rollback would take the count with it.
@atomic(durable=True)
def count_failure(address, username):
    client = ClientAddress.objects.locked(address)
    refuse_login(client, username)
    client.fail_login(username)


def count_success(address, username):
    client = ClientAddress.objects.seen(address)
    refuse_login(client, username)
    if client.has_failed(username):
        forgive(address, username)


@atomic(durable=True)
def forgive(address, username):
    client = ClientAddress.objects.locked(address)
    refuse_login(client, username)
    client.forgive_logins(username)


def refuse_login(client, username):
    wait = client.login_wait(username)
    if wait:
        security_event("login_locked", address=client.address, user=User.objects.id_of(username))
        raise Throttled(wait, "Too many failed logins.")


def count_registration(address):
    """Count a registration, inside the transaction that makes the user."""
    if settings.THROTTLE_ENABLED:
        client = ClientAddress.objects.locked(address)
        refuse_registration(client)
        client.register()


def limit_registration(address):
    """Refuse a registration that would be one too many, before any work."""
    if settings.THROTTLE_ENABLED:
        refuse_registration(ClientAddress.objects.seen(address))


def refuse_registration(client):
    wait = client.registration_wait()
    if wait:
        security_event("registration_refused", address=client.address)
        raise Throttled(wait, "Too many registrations.")


def client_address(request):
    """Return who calls: an IPv4 address, or the /64 of an IPv6 one, which is a single customer's as a whole.

    As many proxies as TRUSTED_PROXIES says are believed, each about the one before it (`X-Forwarded-For`); what
    callers write into the header themselves stands further left.
    """
    ident = BaseThrottle().get_ident(request) or ""
    if settings.TRUSTED_PROXIES and not ident and "HTTP_X_FORWARDED_FOR" in request.META:
        # The server gives an empty header for one that it cannot read: nobody hides behind that.
        raise BadRequest("X-Forwarded-For is unreadable.")
    try:
        address = ip_address(without_port(ident))
    except ValueError:
        return ident[:64]
    if address.version == 4:
        return str(address)
    return str(address.ipv4_mapped or ip_network((address, 64), strict=False))


def without_port(ident):
    """Return the address of `192.0.2.1:4711` and `[2001:db8::1]:4711`, as some proxies write it, or `ident` itself."""
    return urlsplit(f"//{ident}").hostname if "[" in ident or ident.count(":") == 1 else ident
