import shutil
import sys
import tempfile

from django.core.management.base import BaseCommand, CommandError

from order_management.files.csv import BadFile
from products.import_lock import ImportConflict
from products.imports import import_products

BAR_WIDTH = 40  # characters
CLEAR_LINE = "\r\x1b[K"


def open_file(path):
    """Open the file, or a temporary copy if it is a pipe, because an import reads it twice."""
    try:
        if path == "-":
            return copy_of(sys.stdin.buffer)
        file = open(path, "rb")  # noqa: SIM115 - as below
        if file.seekable():
            return file
        with file:
            return copy_of(file)
    except OSError as error:
        raise CommandError(f"{path} cannot be read: {error.strerror}.") from error


def copy_of(source):
    file = tempfile.TemporaryFile()  # noqa: SIM115 - the caller closes it
    shutil.copyfileobj(source, file)
    return file


class Command(BaseCommand):
    help = (
        "Create and change products from a CSV file: all of its rows or none. Its first line names the columns: id, "
        "and those of name, price and quantity that change. A row without an id is a new product and needs all three; "
        "an empty quantity leaves the stock as it is."
    )

    def add_arguments(self, parser):
        parser.add_argument(
            "file",
            metavar="FILE.csv",
            help="in UTF-8, separated by commas, semicolons or tabs; - is standard input",
        )
        parser.add_argument("--dry-run", action="store_true", help="check everything, but write nothing")

    def handle(self, *, file, dry_run, **options):
        with open_file(file) as source:
            try:
                counts = import_products(source, dry_run=dry_run, report=self.report)
            except (BadFile, ImportConflict) as error:
                raise CommandError(error) from error
            finally:
                self.clear_bar()
        self.stdout.write(counts.summary(dry_run=dry_run))

    def report(self, bad_lines, share):
        for number, reason in bad_lines:
            self.clear_bar()
            self.stderr.write(f"Line {number}: {reason}")
        if self.stderr.isatty():
            self.stderr.write(f"\r[{'#' * round(BAR_WIDTH * share):.<{BAR_WIDTH}}]", ending="")
            self.stderr.flush()

    def clear_bar(self):
        if self.stderr.isatty():
            self.stderr.write(CLEAR_LINE, ending="")
