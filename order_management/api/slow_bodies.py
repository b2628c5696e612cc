"""Disconnects clients whose body does not arrive: under WSGI each holds a thread, and granian has no timeout.

WSGI gives the application the client's address, but not its port. So the watchdog picks the connections from that
address that have gone longest without a response.
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
reading = {}  # bodies that a thread is waiting for, by id()


class Body:
    """The `wsgi.input` of a request, watched while it is being read."""

    def __init__(self, environ):
        self.stream = environ["wsgi.input"]
        self.address, self.port = environ["REMOTE_ADDR"], int(environ["SERVER_PORT"])
        self.started_at = time.monotonic()

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
        return time.monotonic() - self.started_at > settings.BODY_TIMEOUT.total_seconds()


def start_watchdog():
    # Only one, even if the first bodies arrive at the same moment: each would disconnect as many clients.
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
            disconnect(address, port, count)
        for body in late:
            # Give the thread time to notice before another connection is mistaken for the late one.
            body.started_at += settings.BODY_TIMEOUT.total_seconds() / 2


def disconnect(address, port, count):
    """End the input of that many connections from an address, the longest idle first: a thread waits for those."""
    with ExitStack() as stack:
        candidates = [
            stack.enter_context(connection)
            for connection in connections()
            if is_accepted_from(connection, address, port)
        ]
        for connection in sorted(candidates, key=milliseconds_idle, reverse=True)[:count]:
            with suppress(OSError):  # closed in the meantime
                connection.shutdown(socket.SHUT_RD)


def connections():
    """Yield duplicates of this process's sockets (Linux), so that closing one does not close the connection."""
    with suppress(FileNotFoundError):
        for name in os.listdir("/proc/self/fd"):
            with suppress(OSError):
                if os.readlink(f"/proc/self/fd/{name}").startswith("socket:"):
                    yield socket.socket(fileno=os.dup(int(name)))


def is_accepted_from(connection, address, port):
    """Return whether the server accepted this connection; connections to databases have a different local port."""
    with suppress(OSError):
        if connection.family in (socket.AF_INET, socket.AF_INET6):
            return connection.getsockname()[1] == port and connection.getpeername()[0] == address
    return False


def milliseconds_idle(connection):
    """Return how many milliseconds ago data was last sent."""
    info = connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, TCP_INFO_BYTES)
    return struct.unpack_from("I", info, LAST_DATA_SENT)[0]
