"""Links to a port that fail: by hanging up, by dropping packets, or by being slow."""

import contextlib
import os
import shutil
import socket
import subprocess
import threading
import time

from tests_live.server import WAIT, free_port

NFT = [*([] if os.geteuid() == 0 else ["sudo", "--non-interactive"]), shutil.which("nft") or "/usr/sbin/nft"]
DROP = """
table inet black_hole_{pid} {{
    chain input {{
        type filter hook input priority 0
        tcp dport {{ {ports} }} drop
        tcp sport {{ {ports} }} drop
    }}
}}
"""


def can_drop_packets():
    with contextlib.suppress(OSError):  # neither nft nor sudo
        return subprocess.run([*NFT, "list", "tables"], capture_output=True, check=False, timeout=WAIT).returncode == 0
    return False


@contextlib.contextmanager
def black_hole(*ports):
    """Drop every packet to and from these ports, as when a machine is switched off: nobody is notified."""
    rules = DROP.format(pid=os.getpid(), ports=", ".join(map(str, ports)))
    subprocess.run([*NFT, "--file", "-"], input=rules, text=True, check=True, timeout=WAIT)
    try:
        yield
    finally:
        subprocess.run([*NFT, "delete", "table", "inet", f"black_hole_{os.getpid()}"], check=True, timeout=WAIT)


class Link:
    """A proxy to a port that can be cut, as when the program behind it exits, and restored."""

    def __init__(self, target):
        self.target, self.port = target, free_port()
        self.ends = set()
        self.delay = 0  # seconds, for whatever arrives in one piece

    @property
    def ports(self):
        """All ports, on both sides: dropping their packets cuts off everything."""
        ends = [end.getsockname()[1] for end in list(self.ends) if end.fileno() >= 0]
        return {self.port, *ends}

    def restore(self):
        self.server = socket.create_server(("127.0.0.1", self.port))
        threading.Thread(target=self.accept, args=[self.server], daemon=True).start()

    def cut(self):
        hang_up(self.server)
        for end in list(self.ends):
            hang_up(end)

    def accept(self, server):
        with contextlib.suppress(OSError):  # cut
            while True:
                self.forward(server.accept()[0])

    def forward(self, near):
        try:
            # From the same address, because the shop counts by the address of the caller.
            source = (near.getpeername()[0], 0)
            far = socket.create_connection(("127.0.0.1", self.target), source_address=source)
        except OSError:
            hang_up(near)
            return
        self.ends |= {near, far}
        for source, sink in ((near, far), (far, near)):
            threading.Thread(target=self.copy, args=[source, sink], daemon=True).start()

    def copy(self, source, sink):
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                time.sleep(self.delay)
                sink.sendall(data)
        for end in (source, sink):
            hang_up(end)
            self.ends.discard(end)


def hang_up(end):
    with contextlib.suppress(OSError):
        end.shutdown(socket.SHUT_RDWR)
    end.close()
