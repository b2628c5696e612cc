"""The base of the commands that export a file."""

import contextlib
import os
import sys

from django.core.management.base import BaseCommand, CommandError


class ExportCommand(BaseCommand):
    """Writes a file in UTF-8, or to standard output. Subclasses implement `export`."""

    def add_arguments(self, parser):
        parser.add_argument("file", metavar="FILE.csv", nargs="?", help="defaults to standard output")

    def export(self, **options):
        """Return the file as chunks of text."""
        raise NotImplementedError

    def handle(self, *, file, **options):
        chunks = self.export(**options)
        try:
            if file:
                # newline="", because the chunks already have the line ends of CSV.
                with open(file, "w", encoding="utf-8", newline="") as target:
                    target.writelines(chunks)
            else:
                self.write_to_stdout(chunks)
        except BrokenPipeError:
            discard_stdout()
        except OSError as error:
            raise CommandError(f"{file or 'Standard output'} cannot be written: {error.strerror}.") from error

    def write_to_stdout(self, chunks):
        with contextlib.suppress(AttributeError):  # a StringIO, in tests
            self.stdout.reconfigure(encoding="utf-8", newline="")
        for chunk in chunks:
            self.stdout.write(chunk, ending="")
        self.stdout.flush()


def discard_stdout():
    """Avoid an error at exit when the reader, such as `head`, has closed the pipe."""
    # https://docs.python.org/3/library/signal.html#note-on-sigpipe
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
