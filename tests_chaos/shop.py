"""What the shops on both databases have in common."""

import contextlib
import http.client
import os
import subprocess
import sys
from itertools import chain

from tests_live.server import PRODUCTION, ROOT, VARIABLES, Connection

from . import firewall
from .disks import folder_or_disk
from .nodes import READY_SECONDS, Node

COMMAND_SECONDS = 180


class Shop:
    """What both shops have: `nodes`, and by their names `servers`, `disks` and `hops`, which are lists of links."""

    def __init__(self, folder):
        self.folder, self.hops = folder, {}

    def new_node(self, stack, number, **settings):
        folder = self.folder / f"node_{number}"
        disk = stack.enter_context(folder_or_disk(folder))
        return Node(number, folder, disk, **settings)

    def connection(self):
        """Connect to the front door."""
        return contextlib.closing(Connection("127.0.0.1", self.front.port, timeout=READY_SECONDS))

    def manage(self, *arguments):
        """Run a command of manage.py; return the completed process."""
        return subprocess.run(
            [sys.executable, "manage.py", *map(str, arguments)],
            cwd=ROOT,
            env={"PATH": os.environ["PATH"], "DATABASE_URL": self.url} | VARIABLES[PRODUCTION],
            capture_output=True,
            text=True,
            check=False,
            timeout=COMMAND_SECONDS,
        )

    @property
    def servers(self):
        return {f"node {node.number}": node for node in self.nodes}

    @property
    def disks(self):
        """The disks of the databases, and of the logs of the nodes; None for one that could not be mounted."""
        return {name: server.disk for name, server in self.servers.items() if hasattr(server, "disk")}

    def logs(self):
        """Return the text of all logs, by the names of the files."""
        return {str(path.relative_to(self.folder)): path.read_text(errors="replace") for path in self.log_files()}

    def log_files(self):
        return [node.log for node in self.nodes]

    def is_ready(self):
        """Return whether the front door and each node are ready."""
        return self.is_open() and all(node.is_ready() for node in self.nodes)

    def is_open(self):
        with contextlib.suppress(OSError, http.client.HTTPException), self.connection() as connection:
            return connection.call("GET", "/readyz/").status == 200
        return False

    def release(self):
        """Let go of everything that would keep servers from running, or from ending."""
        with contextlib.ExitStack() as stack:  # takes every step, even if another one fails
            for server in self.servers.values():
                stack.callback(server.thaw)
            for disk in filter(None, self.disks.values()):
                stack.callback(disk.free)
            for link in chain(*self.hops.values()):
                link.delay = 0
            stack.callback(firewall.clear)
