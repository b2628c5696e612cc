"""The base of the commands `backup` and `restore`."""

import signal
import sqlite3
from contextlib import ExitStack, contextmanager
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
    with signals_handled(signal.default_int_handler, "SIGTERM", "SIGHUP"):
        yield


@contextmanager
def interruption_delayed():
    """Hold back SIGINT, SIGTERM and SIGHUP until the end of the block."""
    received = []
    with signals_handled(lambda number, frame: received.append(number), "SIGINT", "SIGTERM", "SIGHUP"):
        yield
    if received:
        signal.raise_signal(received[0])


@contextmanager
def signals_handled(handler, *names):
    """Install a handler for these signals during a block, skipping those that the system lacks."""
    with ExitStack() as stack:
        for number in [getattr(signal, name) for name in names if hasattr(signal, name)]:
            stack.callback(signal.signal, number, signal.getsignal(number))
            signal.signal(number, handler)
        yield


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
