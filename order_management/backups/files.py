import os
import tempfile
from contextlib import contextmanager
from pathlib import Path

from django.core.management.base import CommandError

# SQLite keeps these beside a database while it is open, and `migrate` its lock.
SUFFIXES = ["", "-journal", "-wal", "-shm", "-migrate"]
# The first bytes of backups, and the database that they are for.
SIGNATURES = {b"SQLite format 3\0": "sqlite", b"PGDMP": "postgresql"}


@contextmanager
def new_file(path):
    """Yield the path of a temporary file with mode 0600, which gets its name at the end unless there is an error.

    So the file is written whole or not at all, even if the machine loses power. An existing file is never replaced.
    """
    check_new(path)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    # Closed before SQLite opens the file: closing it later would release SQLite's locks.
    os.close(handle)
    try:
        yield Path(temporary)
        sync(temporary)
        publish(temporary, path)
        sync(path.parent)
    finally:
        for suffix in SUFFIXES:
            Path(f"{temporary}{suffix}").unlink(missing_ok=True)


def check_new(path):
    if os.path.lexists(path):
        raise CommandError(f"{path} already exists, and is not overwritten.")
    if not path.parent.is_dir():
        raise CommandError(f"There is no directory {path.parent}.")


def publish(temporary, path):
    """Give a file its name, unless another one has taken that name meanwhile."""
    try:
        os.link(temporary, path)
    except FileExistsError:
        check_new(path)
    except OSError:  # a file system without hard links
        os.rename(temporary, path)


def sync(path):
    """Wait until a file, or the names in a directory, are on the disk."""
    if os.name == "nt" and os.path.isdir(path):
        return
    handle = os.open(path, os.O_RDWR if os.path.isfile(path) else os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def get_vendor(path):
    """Return the database that a backup is for, `sqlite` or `postgresql`, or None if the file is not a backup."""
    if not path.is_file():
        raise CommandError(f"There is no file {path}.")
    with path.open("rb") as file:
        start = file.read(16)
    return next((vendor for signature, vendor in SIGNATURES.items() if start.startswith(signature)), None)
