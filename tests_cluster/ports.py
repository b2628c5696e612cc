"""Ports, and the way to one that can be cut."""

import contextlib
import socket
import threading


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


class Link:
    """A way to a port that can be cut, as when a cable is pulled out, and mended."""

    def __init__(self, target):
        self.target, self.port = target, free_port()
        self.ends = set()

    def mend(self):
        self.server = socket.create_server(("127.0.0.1", self.port))
        threading.Thread(target=self.accept, args=[self.server], daemon=True).start()

    def cut(self):
        hang_up(self.server)
        for end in list(self.ends):
            hang_up(end)

    def accept(self, server):
        with contextlib.suppress(OSError):  # cut
            while True:
                self.join(server.accept()[0])

    def join(self, near):
        try:
            far = socket.create_connection(("127.0.0.1", self.target))
        except OSError:
            hang_up(near)
            return
        self.ends |= {near, far}
        for source, sink in ((near, far), (far, near)):
            threading.Thread(target=self.carry, args=[source, sink], daemon=True).start()

    def carry(self, source, sink):
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                sink.sendall(data)
        for end in (source, sink):
            hang_up(end)
            self.ends.discard(end)


def hang_up(end):
    with contextlib.suppress(OSError):
        end.shutdown(socket.SHUT_RDWR)
    end.close()
