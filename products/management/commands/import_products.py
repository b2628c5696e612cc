import shutil
import sys
import tempfile

from django.core.management.base import BaseCommand, CommandError

from order_management.files.csv import BadFile
from products.import_lock import NotImported
from products.imports import import_products

BAR = 40  # characters
CLEAR = "\r\x1b[K"


def open_file(path):
    """Open the file, or a copy of one that can be read but once."""
    try:
        if path == "-":
            return copied(sys.stdin.buffer)
        file = open(path, "rb")  # noqa: SIM115 - as below
        if file.seekable():
            return file
        with file:
            return copied(file)
    except OSError as error:
        raise CommandError(f"{path} cannot be read: {error.strerror}.") from error


def copied(source):
    file = tempfile.TemporaryFile()  # noqa: SIM115 - the caller closes it
    shutil.copyfileobj(source, file)
    return file


class Command(BaseCommand):
    help = (
        "Create and change products as a CSV file says, all of it or nothing. Its first line names the columns: id, "
        "and those of name, price and quantity that change. A row without an id is a new product and needs all three; "
        "an empty quantity leaves the stock as it is."
    )

    def add_arguments(self, parser):
        parser.add_argument(
            "file",
            metavar="FILE.csv",
            help="in UTF-8, separated by commas, semicolons or tabs; - is standard input",
        )
        parser.add_argument("--dry-run", action="store_true", help="check everything and write nothing")

    def handle(self, *, file, dry_run, **options):
        with open_file(file) as source:
            try:
                counts = import_products(source, dry_run=dry_run, report=self.report, progress=self.progress)
            except (BadFile, NotImported) as error:
                raise CommandError(error) from error
            finally:
                self.clear()
        would = "Would have created" if dry_run else "Created"
        self.stdout.write(f"{would} {counts.created}, changed {counts.changed}, left {counts.unchanged} as they were.")

    def report(self, number, reason):
        self.clear()
        self.stderr.write(f"Line {number}: {reason}")

    def progress(self, share):
        if self.stderr.isatty():
            self.stderr.write(f"\r[{'#' * round(BAR * share):.<{BAR}}]", ending="")
            self.stderr.flush()

    def clear(self):
        """Take the bar off the terminal."""
        if self.stderr.isatty():
            self.stderr.write(CLEAR, ending="")
