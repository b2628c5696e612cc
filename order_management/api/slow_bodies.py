"""Hangs up on clients whose body does not arrive: under WSGI each of them holds a thread, and granian has no timeout.

The server tells the application the client's address, but not its port. So the watchdog picks those connections from
that address which have gone longest without an answer.
"""

import os
import socket
import struct
import threading
import time
from collections import Counter
from contextlib import ExitStack, suppress
from functools import cache

from django.conf import settings

# tcpi_last_data_sent, in milliseconds, in struct tcp_info of linux/tcp.h.
TCP_INFO_BYTES, LAST_DATA_SENT = 104, 44

lock = threading.Lock()
reading = {}  # bodies that a thread is waiting for, by id


class Body:
    """The `wsgi.input` of a request, watched while it is being read."""

    def __init__(self, environ):
        self.stream = environ["wsgi.input"]
        self.address, self.port = environ["REMOTE_ADDR"], int(environ["SERVER_PORT"])
        self.began = time.monotonic()

    def read(self, *size):
        return self.watched(self.stream.read, *size)

    def readline(self, *size):
        return self.watched(self.stream.readline, *size)

    def watched(self, read, *size):
        start_watchdog()
        reading[id(self)] = self
        try:
            return read(*size)
        finally:
            del reading[id(self)]

    def is_late(self):
        return time.monotonic() - self.began > settings.BODY_TIMEOUT.total_seconds()


def start_watchdog():
    # One, even if the first bodies arrive at the same moment: each would hang up on as many connections.
    with lock:
        start_once()


@cache
def start_once():
    threading.Thread(target=watch, name="slow bodies", daemon=True).start()


def watch():
    while True:
        time.sleep(settings.BODY_TIMEOUT.total_seconds() / 6)
        late = [body for body in list(reading.values()) if body.is_late()]
        for (address, port), count in Counter((body.address, body.port) for body in late).items():
            hang_up(address, port, count)
        for body in late:
            # Gives the thread time to notice, before another connection is mistaken for the late one.
            body.began += settings.BODY_TIMEOUT.total_seconds() / 2


def hang_up(address, port, count):
    """End the input of that many connections from the address, the quietest first: those are the ones with a thread."""
    with ExitStack() as stack:
        found = [stack.enter_context(connection) for connection in connections() if is_from(connection, address, port)]
        for connection in sorted(found, key=quiet_for, reverse=True)[:count]:
            with suppress(OSError):  # It has closed in the meantime.
                connection.shutdown(socket.SHUT_RD)


def connections():
    """Yield duplicates of the sockets of this process (Linux): closing one does not close the connection."""
    with suppress(FileNotFoundError):
        for name in os.listdir("/proc/self/fd"):
            with suppress(OSError):
                if os.readlink(f"/proc/self/fd/{name}").startswith("socket:"):
                    yield socket.socket(fileno=os.dup(int(name)))


def is_from(connection, address, port):
    """Return whether the server accepted the connection; those to databases have a different local port."""
    with suppress(OSError):
        if connection.family in (socket.AF_INET, socket.AF_INET6):
            return connection.getsockname()[1] == port and connection.getpeername()[0] == address
    return False


def quiet_for(connection):
    """Return how many milliseconds ago the last data was sent."""
    info = connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, TCP_INFO_BYTES)
    return struct.unpack_from("I", info, LAST_DATA_SENT)[0]
