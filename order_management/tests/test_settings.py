"""The settings at startup, with only the given environment variables."""

import ast
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
from contextlib import nullcontext
from pathlib import Path

import pytest

from order_management.env import development_key
from order_management.ops import metrics
from order_management.ops.middleware import count_requests

ROOT = Path(__file__).resolve().parent.parent.parent
KEY = "0123456789-abcdefghijklmnopqrstuvwxyz-ABCDEFGHIJKLMNOP"
PRODUCTION = {"SECRET_KEY": KEY, "ALLOWED_HOSTS": "shop.example"}


# Origins that no browser sends and hosts that no request names: Django would start with them and serve nobody.
BAD_ORIGINS = [
    *["https://shop.example:443", "http://shop.example:80", "https://shop.example:", "https://shop.example:99999"],
    *["https://Shop.example", "HTTPS://shop.example", "https://*.shop.example", "https://m\u00fcller.example", "null"],
    *["https://a@shop.example", "https://shop.example https://other.example", "https://shop_1.example", "//a.example"],
]
BAD_HOSTS = [
    *["https://shop.example", "shop.example:443", "shop.example/", "shop.example www.shop.example", "//shop.example"],
    *["*.shop.example", "..shop.example", ".", "shop..example", "shop.example.", "-shop.example", "my_shop.example"],
    *["m\u00fcller.example", "'shop.example'", "shop.example;www.shop.example", "good.example,bad.example:80", "**"],
    *["::1", "[::1", "[::1]:8000", "[::g]", "[0:0::1]", "[fe80::1%eth0]", "a" * 64 + ".example", "shop.example?a=1"],
]


def environment(variables):
    return {name: os.environ[name] for name in ("PATH", "SYSTEMROOT") if name in os.environ} | variables


def run(*arguments, **variables):
    """Run Python in a separate process with only the given environment variables."""
    environ = environment(variables)
    return subprocess.run([sys.executable, *arguments], capture_output=True, text=True, cwd=ROOT, env=environ)


def python(code, **variables):
    """Return the output of the code, or the error that stopped it."""
    process = run("-c", code, **variables)
    return process.stdout.strip() if process.returncode == 0 else process.stderr.strip()


def reason(output):
    """Return why a server has not started, from the line of its log, or the output as it is."""
    return json.loads(output)["message"] if output.startswith("{") else output


def load(**variables):
    """Return the module with the settings, executed again in this process with only the given environment variables."""
    spec = importlib.util.find_spec("order_management.settings")
    settings = importlib.util.module_from_spec(spec)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "environ", environment(variables))
        spec.loader.exec_module(settings)
    return settings


def setting(expression, **variables):
    """Return the repr of a setting, or the sentence that stops the start."""
    try:
        settings = load(**variables)
    except SystemExit as stop:
        return str(stop)
    return repr(eval(expression, vars(settings)))  # noqa: S307


@pytest.mark.parametrize("variables", [{}, {"DEBUG": "maybe"}, {"DEBUG": "on", "CURRENCY": "\u20ac"}])
def test_a_separate_process_loads_the_same_settings_or_stops_with_the_same_message(variables):
    start = "from order_management import settings; print(ascii(settings.DATABASES | {'': settings.CURRENCY}))"

    shown = python(start, **variables, PYTHONUTF8="1")

    if "maybe" in variables.values():
        assert shown == setting("DEBUG", **variables)
    else:
        settings = load(**variables)
        assert shown == ascii(settings.DATABASES | {"": settings.CURRENCY})


def test_without_settings_it_is_development_on_localhost():
    shown = python(
        "from order_management import settings as s;"
        "print(s.DEBUG, s.ALLOWED_HOSTS, s.AUTH_PASSWORD_VALIDATORS, s.SECURE_SSL_REDIRECT, len(s.SECRET_KEY) > 50)"
    )
    assert shown == "True ['localhost', '127.0.0.1', '[::1]'] [] False True"


@pytest.mark.parametrize("variables", [{"SECRET_KEY": KEY}, {"DATABASE_URL": "sqlite:///other.sqlite3"}])
def test_a_configured_command_line_is_production(variables):
    assert setting("DEBUG", **PRODUCTION | variables) == "False"
    assert setting("DEBUG", **variables, DEBUG="yes") == "True"


@pytest.mark.parametrize("server", ["wsgi", "asgi"])
def test_a_server_is_production_and_needs_a_key(server):
    start = f"import order_management.{server}"

    assert reason(python(start)).startswith("SECRET_KEY must be set")
    assert reason(python(start, SECRET_KEY=KEY[:49])).startswith("SECRET_KEY must be set")
    assert reason(python(start, SECRET_KEY=KEY)) == (
        "ALLOWED_HOSTS must name the hosts to answer for in production, separated by commas."
    )
    for empty in ("", " "):
        assert reason(python(start, DEBUG=empty)).startswith("SECRET_KEY must be set")
    code = f"{start}; from django.conf import settings; print(settings.DEBUG, len(settings.AUTH_PASSWORD_VALIDATORS))"
    assert python(code, **PRODUCTION) == "False 4"
    assert python(code, DEBUG="on") == "True 0"


@pytest.mark.parametrize("value", ["1", "true", "TRUE", "on", "Yes"])
def test_a_switch_is_on(value):
    assert setting("SECURE_SSL_REDIRECT", HTTPS=value) == "True"


@pytest.mark.parametrize("value", ["0", "False", "OFF", "no"])
def test_a_switch_is_off(value):
    assert setting("SECURE_SSL_REDIRECT", **PRODUCTION, HTTPS=value) == "False"


def test_an_empty_variable_counts_as_not_set():
    assert setting("DEBUG", SECRET_KEY="", DATABASE_URL="", DEBUG=" ") == "True"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("REGISTER_RATE", value) for value in ("60", "60/", "60/month", "60/dx", "0/h", "-1/h", "5/1x", "h")),
        ("LOGIN_FAILURES", "0"),
        ("LOGIN_WINDOW", "soon"),
        ("THROTTLE_ENABLED", "maybe"),
        ("DEBUG", "maybe"),
        ("METRICS_TOKEN", "too short"),
        ("METRICS_TOKEN", "a secret with blanks in it"),
        ("SLOW_QUERY_MS", "0.5"),
        ("EXPIRE_ORDERS_AFTER", "0h"),
        ("EXPIRE_ORDERS_AFTER", "tomorrow"),
        ("ORDER_RATE", "100"),
        ("ORDER_RATE", "0/h"),
        *(("SHOP_TIME_ZONE", value) for value in ("Berlin", "Europe", "../zone", "/etc/localtime", "UTC+1", "é")),
        *(("CURRENCY", value) for value in ("5", "E R", "<b>", "Doubloons", "...", "\u3164", "-")),
        ("HTTPS", "2"),
        ("TRUSTED_PROXIES", "-1"),
        ("TRUSTED_PROXIES", "one"),
        ("ACCESS_TOKEN_LIFETIME", "15 minutes"),
        ("ACCESS_TOKEN_LIFETIME", "0"),
        ("REFRESH_TOKEN_LIFETIME", "7w"),
        ("REFRESH_TOKEN_LIFETIME", "99999999d"),
        ("CORS_ALLOWED_ORIGINS", "https://shop.example/path"),
        ("CORS_ALLOWED_ORIGINS", "shop.example"),
        ("CORS_ALLOWED_ORIGINS", "*"),
        *(("CORS_ALLOWED_ORIGINS", value) for value in BAD_ORIGINS),
        *(("ALLOWED_HOSTS", value) for value in BAD_HOSTS),
        ("DATABASE_URL", "mysql://user:secret@host/name"),
        ("DATABASE_URL", "postgres://user:secret@host:port/name"),
        ("DATABASE_URL", "postgres://user:secret@host"),
        ("DATABASE_URL", "postgres://user:secret@host:0/name"),
        ("DATABASE_URL", "postgres://user:secret@host:99999/name"),
        ("DATABASE_URL", "secret.sqlite3"),
        ("DATABASE_URL", "sqlite:////nowhere/secret.sqlite3"),
        ("DATABASE_REPLICA_URL", "sqlite:///secret.sqlite3"),
        ("DATABASE_REPLICA_URL", "postgres://user:secret@host"),
        ("DATABASE_REPLICA_URL", "postgres://user:secret@host/name"),  # the primary is SQLite
        ("PGBOUNCER", "maybe"),
    ],
)
def test_a_malformed_value_stops_the_start_with_one_message(name, value):
    error = setting("DEBUG", **{"DEBUG": "on"} | {name: value})

    assert error.startswith(f"{name} must ")
    assert error.endswith(".")
    assert "\n" not in error
    assert "secret" not in error


@pytest.mark.parametrize(
    "value",
    [
        *["shop.example", "Shop.Example", "*", ".shop.example", "127.0.0.1", "[::1]", "[2001:db8::1]", "localhost"],
        *["xn--mller-kva.example", "shop.example, www.shop.example", "shop.example,", "a-1.b-2.example"],
    ],
)
def test_valid_hosts_are_accepted(value):
    assert setting("ALLOWED_HOSTS", DEBUG="on", ALLOWED_HOSTS=value) == repr(value.rstrip(",").split(", "))


@pytest.mark.parametrize("value", ["https://shop.example", "http://localhost:3000,https://[::1]:8443"])
def test_valid_origins_are_accepted(value):
    assert setting("CORS_ALLOWED_ORIGINS", DEBUG="on", CORS_ALLOWED_ORIGINS=value) == repr(value.split(","))


@pytest.mark.parametrize("value", ["", "€", "EUR", "US$", "Rs.", "zł", "د.إ", "रु"])
def test_a_currency_is_a_sign_or_a_code(value):
    assert setting("CURRENCY", DEBUG="on", CURRENCY=value) == repr(value)


@pytest.mark.parametrize("value", ["Europe/Berlin", "America/St_Johns", "UTC"])
def test_a_time_zone_of_the_shop_leaves_that_of_the_api(value):
    variables = {"DEBUG": "on", "SHOP_TIME_ZONE": value}

    assert setting("SHOP_TIME_ZONE", **variables) == repr(value)
    assert setting("TIME_ZONE", **variables) == "'UTC'"


NO_DIRECTORY = "PROMETHEUS_MULTIPROC_DIR must be the path of a directory in which the workers add up their metrics."
UNUSABLE_DIRECTORY = "PROMETHEUS_MULTIPROC_DIR must be an existing, writable directory."


@pytest.mark.parametrize(
    ("token", "workers", "directory", "message"),
    [
        ("t" * 20, "2", None, NO_DIRECTORY),
        ("t" * 20, "2", " ", NO_DIRECTORY),
        ("t" * 20, "2", "/nowhere", UNUSABLE_DIRECTORY),
        ("", "1", "/nowhere", UNUSABLE_DIRECTORY),
        ("t" * 20, "2", "{tmp_path}", None),
        ("t" * 20, "1", None, None),
    ],
)
def test_the_middleware_that_counts_needs_a_directory_that_the_workers_share(
    settings, monkeypatch, tmp_path, token, workers, directory, message
):
    settings.METRICS_TOKEN = token
    monkeypatch.setenv("GRANIAN_WORKERS", workers)
    monkeypatch.delenv(metrics.DIRECTORY, raising=False)
    if directory:
        monkeypatch.setenv(metrics.DIRECTORY, directory.format(tmp_path=tmp_path))

    with pytest.raises(SystemExit, match=re.escape(message)) if message else nullcontext():
        count_requests(None)


@pytest.mark.parametrize("server", ["wsgi", "asgi"])
def test_metrics_of_several_workers_need_a_shared_directory(server, tmp_path):
    start = f"import order_management.{server}; print('started')"
    variables = {"DEBUG": "on", "METRICS_TOKEN": "t" * 20, "GRANIAN_WORKERS": "2"}

    assert reason(python(start, **variables, PROMETHEUS_MULTIPROC_DIR=" ")) == NO_DIRECTORY
    assert python(start, **variables, PROMETHEUS_MULTIPROC_DIR=str(tmp_path)) == "started"


def test_the_development_server_prints_why_it_does_not_start(tmp_path):
    # Through the autoreloader, which loads the application in a thread.
    variables = {"DEBUG": "on", "METRICS_TOKEN": "t" * 20, "GRANIAN_WORKERS": "2"}
    process = run("manage.py", "runserver", "0", **variables, DATABASE_URL=f"sqlite:///{tmp_path}/db")

    assert process.returncode == 1
    assert process.stderr.endswith(f"{NO_DIRECTORY}\n")
    assert "Traceback" not in process.stderr


def test_the_command_line_prints_the_same_message():
    process = run("manage.py", "check", DEBUG="x")

    assert process.returncode == 1
    assert process.stderr == "DEBUG must be one of 1/0, true/false, on/off or yes/no, not 'x'.\n"


@pytest.mark.parametrize(("value", "seconds"), [("900", 900), ("90s", 90), ("2m", 120), ("24h", 86400), ("1d", 86400)])
def test_a_lifetime_is_in_seconds_unless_it_has_a_unit(value, seconds):
    shown = setting("SIMPLE_JWT['ACCESS_TOKEN_LIFETIME'].total_seconds()", ACCESS_TOKEN_LIFETIME=value)
    assert float(shown) == seconds


def test_the_database_file_is_next_to_manage_py():
    assert setting("DATABASES['default']['NAME'].name") == "'db.sqlite3'"
    shown = setting("DATABASES['default']['NAME']", DEBUG="on", DATABASE_URL="sqlite:///a.db")
    assert shown == repr(ROOT / "a.db")


def test_a_postgresql_url_is_parsed():
    url = "postgres://me:p%40ss@db.example:5433/shop"
    database = setting("DATABASES['default']", DEBUG="on", DATABASE_URL=url)
    for part in ("'order_management.db.postgres'", "'me'", "'p@ss'", "'db.example'", "5433", "'shop'"):
        assert part in database


def connection_options(start=None, **variables):
    """Return the parameters that a server, or a command, sets when connecting to PostgreSQL."""
    variables = {"DEBUG": "on", "DATABASE_URL": "postgres://me@db.example/shop"} | variables
    code = f"{start}; from django.db import connections; print(connections.settings['default']['OPTIONS'])"
    shown = python(code, **variables) if start else setting("DATABASES['default']['OPTIONS']", **variables)
    return [part.strip() for part in ast.literal_eval(shown).get("options", "").split("-c ")[1:]]


@pytest.mark.parametrize("server", ["wsgi", "asgi"])
def test_a_server_sets_timeouts_and_a_command_does_not(server):
    limits = ["statement_timeout=30s", "lock_timeout=10s", "idle_in_transaction_session_timeout=15s"]
    gone = ["tcp_keepalives_idle=1s", "tcp_keepalives_interval=1s", "tcp_keepalives_count=2", "tcp_user_timeout=3s"]
    start = f"import order_management.{server}"

    assert connection_options(start) == limits + gone
    assert connection_options(start, PGBOUNCER="on") == []
    assert connection_options() == []


def test_a_timeout_in_the_url_comes_last_and_wins():
    url = "postgres://me@db.example/shop?options=-c%20lock_timeout%3D3s"

    assert connection_options("import order_management.wsgi", DATABASE_URL=url)[-1] == "lock_timeout=3s"


def test_with_a_replica_commits_wait_until_it_has_applied_them():
    replica = {"DATABASE_REPLICA_URL": "postgres://me@replica.example/shop"}

    assert connection_options(**replica) == ["synchronous_commit=remote_apply"]
    assert connection_options(**replica, PGBOUNCER="on") == []


def test_production_passes_djangos_deploy_check():
    process = run("manage.py", "check", "--deploy", "--fail-level", "WARNING", **PRODUCTION)

    assert process.stdout == "System check identified no issues (2 silenced).\n", process.stderr


def test_proxies_are_trusted_only_if_configured():
    assert setting("SECURE_PROXY_SSL_HEADER", TRUSTED_PROXIES="1") == "('HTTP_X_FORWARDED_PROTO', 'https')"
    assert not hasattr(load(), "SECURE_PROXY_SSL_HEADER")


def test_the_development_key_is_created_once_and_readable_only_by_its_owner(tmp_path):
    path = tmp_path / ".secret_key"

    key = development_key(path)

    assert len(key) > 50
    assert development_key(path) == key
    assert [file.name for file in tmp_path.iterdir()] == [".secret_key"]
    if os.name == "posix":
        assert path.stat().st_mode & 0o777 == 0o600


def test_the_development_key_can_be_created_without_hard_links(tmp_path, monkeypatch):
    def no_link(*args):
        raise PermissionError

    monkeypatch.setattr(os, "link", no_link)

    assert len(development_key(tmp_path / ".secret_key")) > 50
    assert [file.name for file in tmp_path.iterdir()] == [".secret_key"]


def test_without_https_there_is_no_hsts():
    assert setting("SECURE_HSTS_SECONDS", **PRODUCTION, HTTPS="off") == "0"
    assert setting("SECURE_HSTS_SECONDS", **PRODUCTION) == "31536000"


def test_sqlite_uses_a_write_ahead_log_and_persistent_connections(tmp_path):
    code = "import django; django.setup(); from django.db import connection as c; cursor = c.cursor();"
    code += "print(cursor.execute('PRAGMA journal_mode').fetchone(), c.settings_dict['CONN_MAX_AGE'])"
    variables = {"DJANGO_SETTINGS_MODULE": "order_management.settings", "DATABASE_URL": f"sqlite:///{tmp_path}/db"}

    assert python(code, **variables, **PRODUCTION) == "('wal',) None"
    assert python(code, **variables, DEBUG="on") == "('wal',) 0"


@pytest.mark.django_db
def test_sqlite_survives_a_power_cut_and_takes_its_lock_immediately(settings):
    from django.db import connection

    if connection.vendor != "sqlite":
        pytest.skip("These are settings of SQLite.")
    options = settings.DATABASES["default"]["OPTIONS"]
    assert options["transaction_mode"] == "IMMEDIATE"
    assert options["timeout"] == 20
    with connection.cursor() as cursor:
        assert cursor.execute("PRAGMA synchronous").fetchone() == (2,)  # FULL


def test_a_vanished_database_times_out_and_the_url_can_override_it():
    url = "postgres://me@db.example/shop"
    database = setting("DATABASES", DEBUG="on", DATABASE_URL=url)
    other = setting("DATABASES", DEBUG="on", DATABASE_URL=f"{url}?connect_timeout=20")

    for part in ("'tcp_user_timeout': 3000", "'keepalives_idle': 1", "'connect_timeout': 2"):
        assert part in database
    assert "'connect_timeout': 20" in other


@pytest.fixture(scope="module")
def migrated(tmp_path_factory):
    """The file of an SQLite database with all tables."""
    path = tmp_path_factory.mktemp("migrated") / "db"
    process = run("manage.py", "migrate", "--verbosity", "0", DEBUG="on", DATABASE_URL=f"sqlite:///{path}")
    assert process.stderr == ""
    return path


@pytest.mark.parametrize("directory", [None, "/nowhere", "{tmp_path}/metrics"])
def test_commands_do_not_need_the_directory_of_the_workers_and_leave_no_files_there(directory, tmp_path, migrated):
    shutil.copy(migrated, tmp_path / "db")
    (tmp_path / "metrics").mkdir()
    variables = {"DEBUG": "on", "DATABASE_URL": f"sqlite:///{tmp_path}/db", "METRICS_TOKEN": "t" * 20}
    variables["GRANIAN_WORKERS"] = "2"
    if directory:
        variables["PROMETHEUS_MULTIPROC_DIR"] = directory.format(tmp_path=tmp_path)

    assert run("manage.py", "migrate", "--verbosity", "0", **variables).stderr == ""
    # This command logs and counts a security event.
    process = run("manage.py", "end_sessions", **variables)

    assert (process.returncode, process.stdout) == (0, "Ended the sessions of 0 users.\n"), process.stderr
    assert list((tmp_path / "metrics").iterdir()) == []
