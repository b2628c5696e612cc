"""Limits on what one address may try. Over the limit: Throttled (429), which says when to come again."""

from ipaddress import ip_address, ip_network
from urllib.parse import urlsplit

from django.conf import settings
from django.db import transaction
from rest_framework.exceptions import Throttled
from rest_framework.throttling import BaseThrottle

from order_management.logs import security_event

from .models import ClientAddress, User


def login(request, username, check):
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
    count = count_failure if user is None else count_success
    count(address, username)
    return user


# Durable: the count stays, even if one day a request's work is rolled back around it.
@transaction.atomic(durable=True)
def count_failure(address, username):
    client = ClientAddress.objects.locked(address)
    refuse_login(client, username)
    client.fail_login(username)
    security_event("login_failed", address=address, user=User.objects.id_of(username))


def count_success(address, username):
    # Nearly always there is nothing to forgive, and nothing is written.
    if not ClientAddress.objects.seen(address).failed_logins:
        return
    with transaction.atomic(durable=True):
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


def refuse_registration(client):
    wait = client.registration_wait()
    if wait and settings.THROTTLE_ENABLED:
        security_event("registration_refused", address=client.address)
        raise Throttled(wait, "Too many registrations.")


def client_address(request):
    """Return who calls: an IPv4 address, or the /64 of an IPv6 one, which is a single customer's as a whole.

    As many proxies as TRUSTED_PROXIES says are believed, each about the one before it (`X-Forwarded-For`); what
    callers write into the header themselves stands further left.
    """
    ident = BaseThrottle().get_ident(request) or ""
    try:
        address = ip_address(without_port(ident))
    except ValueError:
        return ident[:64]
    if address.version == 4:
        return str(address)
    return str(address.ipv4_mapped or ip_network((address, 64), strict=False))


def without_port(ident):
    """Some proxies write `192.0.2.1:4711` and `[2001:db8::1]:4711`."""
    return urlsplit(f"//{ident}").hostname if "[" in ident or ident.count(":") == 1 else ident
