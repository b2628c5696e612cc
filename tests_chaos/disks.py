"""Small disks, in memory, that can be full."""

import contextlib
import os
import shutil
import subprocess
import time

from tests_live.server import WAIT

# Room for the data of hours. Memory is used only for what is written.
SIZE = 4 * 2**30
ATTEMPTS = 20


class Disk:
    """A tmpfs mounted on a new folder."""

    def __init__(self, folder, owner=None):
        self.folder, self.owner = folder, owner

    def __enter__(self):
        self.folder.mkdir(mode=0o700)
        self.run("mount", "-t", "tmpfs", "-o", f"size={SIZE},mode=0700", "tmpfs", self.folder)
        if self.owner:
            shutil.chown(self.folder, self.owner, self.owner)
        return self

    def __exit__(self, *error):
        # Lazily, because a process that is being killed may still have a file open.
        self.run("umount", "--lazy", self.folder)

    def fill(self):
        """Leave no room: shrink it to what is used. That takes no memory, unlike a large file."""
        for _ in range(ATTEMPTS):
            stat = os.statvfs(self.folder)
            with contextlib.suppress(subprocess.CalledProcessError):  # something was written meanwhile
                return self.resize((stat.f_blocks - stat.f_bfree) * stat.f_frsize)
            time.sleep(0.01)
        raise OSError(f"The disk {self.folder} could not be filled.")

    def free(self):
        self.resize(SIZE)

    def resize(self, size):
        self.run("mount", "-o", f"remount,size={size}", self.folder)

    def run(self, *command):
        subprocess.run(command, check=True, capture_output=True, timeout=WAIT)


def can_mount():
    return os.geteuid() == 0


@contextlib.contextmanager
def folder_or_disk(folder, owner=None):
    """Make the folder, as a disk of its own if possible; yield the disk, or None."""
    if can_mount():
        with Disk(folder, owner) as disk:
            yield disk
    else:
        folder.mkdir(mode=0o700)
        yield None
