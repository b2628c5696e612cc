"""Django's development server, able to handle many callers at once, and without the process environment."""

import ipaddress
import os
from wsgiref import simple_server

from django.conf import settings
from django.contrib.staticfiles.management.commands import runserver
from django.core.servers import basehttp


class ServerHandler(basehttp.ServerHandler):
    # wsgiref would add the process environment to every request, and debug pages would show it.
    os_environ = {}

    def close(self):
        # Django reads the rest of the body in one piece, which fails for a Content-Length of many digits.
        while not self.request_handler.close_connection and self.get_stdin().read(65536):
            pass
        simple_server.ServerHandler.close(self)


basehttp.ServerHandler = ServerHandler


class RequestHandler(basehttp.WSGIRequestHandler):
    # Otherwise each answer on a keep-alive connection waits 40 ms for an ACK.
    disable_nagle_algorithm = True

    def get_environ(self):
        environ = super().get_environ()
        lengths = self.headers.get_all("Content-Length")
        if lengths:
            # wsgiref uses the first one and ignores an empty one, and would read the rest as the next request.
            environ["CONTENT_LENGTH"] = ", ".join(lengths) or "empty"
        return environ


class Server(basehttp.WSGIServer):
    # With Django's 10, connections are reset when many callers connect at once.
    request_queue_size = 1024

    def __init__(self, address, request_handler, **options):
        super().__init__(address, RequestHandler, **options)


class Command(runserver.Command):
    server_cls = Server

    def add_arguments(self, parser):
        super().add_arguments(parser)
        # WhiteNoise serves the static files, as in production: through the middleware.
        parser.set_defaults(use_static_handler=False)

    def get_handler(self, *args, **options):
        try:
            return super().get_handler(*args, **options)
        except SystemExit as error:
            # Raised in the autoreloader's thread, it would be silent and end only the thread.
            self.stderr.write(str(error))
            os._exit(1)

    def on_bind(self, server_port):
        super().on_bind(server_port)
        if settings.DEBUG and not is_loopback(self.addr):
            self.stderr.write(
                "Development mode is meant for this machine, but other machines can connect to this address. "
                "Stop it unless you trust the network, and use the production server instead (make serve).",
                self.style.WARNING,
            )


def is_loopback(address):
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:  # a name, or `0`
        return address == "localhost"
