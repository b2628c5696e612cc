import contextlib
import os
import sys

from django.core.management.base import BaseCommand, CommandError


class ExportCommand(BaseCommand):
    """Writes what the `export` of its subclass yields into a file or to standard output, in UTF-8."""

    def add_arguments(self, parser):
        parser.add_argument("file", metavar="FILE.csv", nargs="?", help="standard output unless given")

    def handle(self, *, file, **options):
        pieces = self.export(**options)
        try:
            if file:
                # As it comes: the lines end as a CSV file's do.
                with open(file, "w", encoding="utf-8", newline="") as target:
                    target.writelines(pieces)
            else:
                self.write_out(pieces)
        except BrokenPipeError:
            leave_quietly()
        except OSError as error:
            raise CommandError(f"{file or 'Standard output'} cannot be written: {error.strerror}.") from error

    def export(self, **options):
        """Return the pieces of the file."""
        raise NotImplementedError

    def write_out(self, pieces):
        with contextlib.suppress(AttributeError):  # not a stream of the system's
            self.stdout.reconfigure(encoding="utf-8", newline="")
        for piece in pieces:
            self.stdout.write(piece, ending="")
        self.stdout.flush()


def leave_quietly():
    """Have nobody complain at the exit that the reader, such as `head`, has gone."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
