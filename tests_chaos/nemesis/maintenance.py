"""What operators do while the shop is open."""

import contextlib
import re
import sqlite3
import time
from dataclasses import dataclass

import psycopg

from .fault import Task

ROWS = 20_000
ATTEMPTS, PAUSE = 60, 0.5
# An earlier attempt may have been done without an answer.
DONE = re.compile("already exists|duplicate column|does not exist|no such column")
EXPAND = (
    "ALTER TABLE orders_order ADD COLUMN gift boolean",
    "ALTER TABLE products_product ADD COLUMN ean varchar(13) DEFAULT '' NOT NULL",
    "ALTER TABLE accounts_user ADD COLUMN phone varchar(30)",
)
CONTRACT = (
    "ALTER TABLE accounts_user DROP COLUMN phone",
    "ALTER TABLE products_product DROP COLUMN ean",
    "ALTER TABLE orders_order DROP COLUMN gift",
)


class Command(Task):
    """A manage.py command. Another fault may make it fail: then the outcome is its error message."""

    verb = "run"

    def manage(self, shop, *arguments):
        run = shop.manage(*arguments)
        self.outcome = "" if run.returncode == 0 else f"exit code {run.returncode}: {run.stderr.strip()[-300:]}"


@dataclass
class Housekeeping(Command):
    target = "housekeeping"

    def work(self, shop):
        self.manage(shop, "housekeeping")


@dataclass
class Backup(Command):
    target = "backup"

    def work(self, shop):
        file = shop.folder / "shop.backup"
        self.manage(shop, "backup", file, "--verify")
        file.unlink(missing_ok=True)


@dataclass
class Import(Command):
    """Import new products."""

    number: int
    target = "import"

    @property
    def claims(self):
        return {"tables"}

    def work(self, shop):
        file = shop.folder / "import.csv"
        with file.open("w") as lines:
            print("id,name,price,quantity", file=lines)
            for row in range(ROWS):
                print(f",Imported {self.number}-{row},12.50,{row % 100}", file=lines)
        self.manage(shop, "import_products", file)
        file.unlink()


@dataclass
class Migrate(Command):
    """Change the schema as the migrations of a next version do, while this version runs; then change it back."""

    target = "migrate"
    done = 0

    @property
    def claims(self):
        return {"tables"}

    def work(self, shop):
        for statement in EXPAND:
            alter(shop, statement)
            self.done += 1
        self.manage(shop, "migrate")

    def heal(self, shop):
        try:
            super().heal(shop)
        finally:
            for statement in CONTRACT[len(CONTRACT) - self.done :]:
                alter(shop, statement)


def alter(shop, statement):
    """Change a table, with a short wait for its lock, because everybody else waits meanwhile; try until it is done."""
    for _ in range(ATTEMPTS):
        try:
            with contextlib.closing(shop.connect()) as connection:
                if isinstance(connection, psycopg.Connection):
                    connection.execute("SET lock_timeout = '1s'")
                connection.execute(statement)
            return
        except (psycopg.Error, sqlite3.Error) as error:
            if DONE.search(str(error)):
                return
        time.sleep(PAUSE)
    raise TimeoutError(f"{statement} was not done after {ATTEMPTS} attempts.")
