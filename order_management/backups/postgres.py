"""Backups of PostgreSQL: pg_dump writes them, in its custom format, and pg_restore reads them."""

import os
import re
import secrets
import subprocess
from contextlib import ExitStack, contextmanager

from django.conf import settings
from django.core.management.base import CommandError
from django.db import connection
from psycopg.conninfo import make_conninfo
from psycopg.pq import Conninfo

from .command import connected_to, interruption_delayed, reason

MAY_CREATE = "SELECT rolcreatedb OR rolsuper FROM pg_roles WHERE rolname = current_user"
TABLE_DATA = re.compile(r"^\d+; \d+ \d+ TABLE DATA \S+ (\S+) ", re.MULTILINE)
ROWS = re.compile(r"^COPY \S+\.django_migrations \(id, app, name, applied\) FROM stdin;\n(.*?)^\\\.$", re.M | re.S)


def prepare(verify):
    """Raise CommandError if this connection or this role cannot make and verify a backup."""
    check_direct()
    with connection.cursor() as cursor:
        cursor.execute(MAY_CREATE)
        if verify and not cursor.fetchone()[0]:
            raise CommandError("--verify creates a temporary database: allow it with ALTER ROLE ... CREATEDB.")


def check_direct():
    if settings.PGBOUNCER:
        raise CommandError(
            "PgBouncer cannot be used here: point DATABASE_URL to PostgreSQL itself, and set PGBOUNCER=off."
        )


def dump(file):
    """Write the database as it is now. Only statements that change a table's columns wait for it."""
    run("pg_dump", "--format=custom", "--no-password", f"--file={file}", f"--dbname={get_dsn()}")


def check(file):
    """Raise CommandError if a backup is damaged. This reads all of it."""
    run("pg_restore", f"--file={os.devnull}", str(file))


def get_tables(file):
    return set(TABLE_DATA.findall(run("pg_restore", "--list", str(file))))


def get_migrations(file):
    """Return the migrations that a backup contains, as pairs of app and name."""
    sql = run("pg_restore", "--data-only", "--table=django_migrations", "--file=-", str(file))
    match = ROWS.search(sql)
    return {tuple(row.split("\t")[1:3]) for row in match[1].splitlines()} if match else set()


@contextmanager
def restored(file):
    """Point the default connection to a temporary database with the contents of a backup."""
    name = f"backup_{secrets.token_hex(8)}"
    try:
        with connection.cursor() as cursor:
            cursor.execute(f"CREATE DATABASE {name} TEMPLATE template0")
        with connected_to(name):
            load(file)
            yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


def check_empty():
    """Raise CommandError unless a backup can be restored into the database."""
    check_direct()
    if connection.introspection.table_names():
        name = connection.settings_dict["NAME"]
        raise CommandError(f"The database {name} is not empty. Create a new one, and point DATABASE_URL to it.")


@contextmanager
def loaded(file):
    """Load a backup into the default database, in one transaction."""
    load(file)
    try:
        yield
    except BaseException as error:
        raise CommandError(
            f"The backup is loaded, but not ready: {reason(error) or 'interrupted'}. Before any server starts, run "
            "manage.py migrate, end_sessions and restart_feeds."
        ) from error


def load(file):
    run("pg_restore", "--single-transaction", "--no-owner", "--no-password", f"--dbname={get_dsn()}", str(file))


def get_dsn():
    """Return the configured parameters of the default connection for libpq, without secrets."""
    known = {option.keyword.decode() for option in Conninfo.get_defaults() if option.dispchar != b"*"}
    # Not those of the open connection: the driver may bring a newer libpq, which has more than pg_dump knows.
    parameters = connection.get_connection_params()
    return make_conninfo(**{name: value for name, value in parameters.items() if name in known})


def run(program, *arguments):
    """Run a program of PostgreSQL, and return its output."""
    # In a variable, because everybody on the machine can read a command line.
    password = connection.settings_dict["PASSWORD"]
    variables = os.environ | ({"PGPASSWORD": str(password)} if password else {})
    pipes = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with ExitStack() as stack:
        try:
            # An interruption here would leave the program running and writing its file.
            with interruption_delayed():
                process = subprocess.Popen([program, *arguments], env=variables, **pipes)  # noqa: S603
                stack.enter_context(process)
                stack.callback(process.wait)
                stack.callback(process.kill)
            output, errors = process.communicate()
        except FileNotFoundError as error:
            raise CommandError(f"There is no {program} on the PATH: install PostgreSQL's client programs.") from error
    if process.returncode:
        raise CommandError(" ".join(errors.decode(errors="replace").split()))
    return output.decode(errors="replace")
