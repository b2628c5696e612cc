"""Limits on failed logins and registrations from one address. Above a limit: Throttled (429) with Retry-After."""

from logging import INFO

from django.conf import settings
from rest_framework.exceptions import Throttled

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
