"""The base of the commands `backup` and `restore`."""

import signal
import sqlite3
from contextlib import contextmanager
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError
from django.db import Error, connection, connections


class BackupCommand(BaseCommand):
    """Ends with one sentence if something fails. Subclasses implement `run()`."""

    def add_arguments(self, parser):
        parser.add_argument("file", metavar="FILE", type=Path)

    def run(self, file, **options):
        raise NotImplementedError

    def handle(self, *, file, **options):
        try:
            with signals_interrupt():
                self.run(file, **options)
        except KeyboardInterrupt:
            raise CommandError("Interrupted.") from None
        except OSError as error:
            raise CommandError(f"{error.filename or file}: {error.strerror or error}.") from error
        except (Error, sqlite3.Error) as error:
            raise CommandError(f"The database failed: {reason(error)}.") from error


def reason(error):
    """Return what an error says, in one line and without a period."""
    return " ".join(str(error).split()).rstrip(".?")


@contextmanager
def signals_interrupt():
    """Make these signals raise KeyboardInterrupt, as Ctrl-C does, so that temporary files are removed."""
    numbers = get_signals("SIGTERM", "SIGHUP")
    earlier = [signal.signal(number, signal.default_int_handler) for number in numbers]
    try:
        yield
    finally:
        for number, handler in zip(numbers, earlier, strict=True):
            signal.signal(number, handler)


@contextmanager
def signals_held():
    """Deliver the signals of `signals_interrupt()` at the end of the block.

    A program started in the block never gets them. Windows has no such mask, and needs none: it sends Ctrl-C to every
    program of a console.
    """
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    earlier = signal.pthread_sigmask(signal.SIG_BLOCK, get_signals("SIGINT", "SIGTERM", "SIGHUP"))
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, earlier)


def get_signals(*names):
    """Return those of these signals that the system has."""
    return [getattr(signal, name) for name in names if hasattr(signal, name)]


@contextmanager
def connected_to(name, **options):
    """Point the default connection to another database of the same kind, with other options."""
    default = connections[connection.alias]
    connections[connection.alias] = other = default.copy()
    other.settings_dict["NAME"] = name
    other.settings_dict["OPTIONS"] |= options
    try:
        yield
    finally:
        other.close()
        connections[connection.alias] = default
