from ipaddress import ip_address, ip_network
from urllib.parse import urlsplit

from django.conf import settings
from django.core.exceptions import BadRequest
from rest_framework.throttling import BaseThrottle


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
