"""Negative controls: `make controls` removes each guard in a copy of the project, where its test must then fail.

A test that also passes without the guard proves nothing about it.
"""

import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue
from typing import NamedTuple

from .postgres import PostgresServer, new_folder

ROOT = Path(__file__).resolve().parent.parent
POSTGRES, SQLITE = "postgres", "sqlite"
JOBS = 2 * os.cpu_count()  # live tests wait much of the time
LIMIT = 600  # seconds
TRIES = 3  # a race may also end well without its guard
# Tests that run meanwhile write those in the last line; "*.pyc.*" are compiled files that have no name yet.
NOT_COPIED = [
    *[".git", ".venv", "venv", "db.sqlite3*"],
    *[".hypothesis", ".pytest_cache", ".schemathesis", "node_modules", "*.pyc.*"],
]


class Control(NamedTuple):
    guard: str
    file: str
    text: str
    without: str
    test: str
    database: str


RACES, DURABILITY = "tests_live/test_order_races.py", "tests_live/test_order_durability.py"
REPLICA, BACKUP = "tests_live/test_replica.py", "tests_live/test_backup.py"
CALLS, BODIES = "tests_live/test_races.py", "tests_live/test_bodies.py"
THROTTLE, RETRIES = "tests_live/test_throttle.py", "tests_live/test_retries.py"
STOCK, MIGRATIONS = "tests_live/test_stock_races.py", "tests_live/test_migrations.py"
REFUSALS, FEEDS = "order_management/tests/test_refusals.py", "tests_live/test_feeds.py"
CONTROLS = [
    Control(
        "the length of a list is checked before its items",
        "order_management/api/fields.py",
        "if len(data) > self.max_length:",
        "if False:",
        f"{REFUSALS}::test_the_length_of_a_list_is_checked_before_its_items",
        SQLITE,
    ),
    Control(
        "the arrays and objects of a body are counted before they are built",
        "order_management/api/json.py",
        'if structure.count(b"[") > CONTAINERS_MAX:',
        "if False:",
        f"{REFUSALS}::test_a_megabyte_as_the_body_is_refused_cheaply",
        SQLITE,
    ),
    Control(
        "an error does not repeat long input",
        "order_management/api/handler.py",
        "truncated(with_code(response.data))",
        "with_code(response.data)",
        f"{REFUSALS}::test_the_error_of_a_library_does_not_repeat_the_input",
        SQLITE,
    ),
    Control(
        "the OpenAPI document is built once",
        "order_management/api/views.py",
        "    with lock:\n",
        "    if True:\n",
        "order_management/tests/test_schema.py::test_the_schema_is_built_once_whatever_the_query",
        SQLITE,
    ),
    Control(
        "a page of orders ends after the order that reaches 10,000 lines",
        "orders/pagination.py",
        "return rows[: next(ends, None)]",
        "return rows",
        "orders/tests/test_large_pages.py::test_a_page_ends_after_the_order_that_reaches_the_limit",
        SQLITE,
    ),
    Control(
        "a feed ends before the oldest running transaction",
        "order_management/feeds/models.py",
        "return self.filter(position__lt=OldestRunning())",
        "return self",
        f"{FEEDS}::test_an_order_that_waits_is_not_overtaken",
        POSTGRES,
    ),
    Control(
        "a feed is ordered by position",
        "order_management/feeds/models.py",
        'return first_rows(self.settled().filter(after), ("position", "id"), size)',
        'return first_rows(self.settled().filter(id__gt=pk), ("id",), size)',
        f"{FEEDS}::test_an_order_with_a_lower_id_that_is_committed_later_is_not_missed",
        POSTGRES,
    ),
    Control(
        "a page of a feed continues within a position",
        "order_management/feeds/models.py",
        'after = GreaterThan(Pair(F("position"), F("id")), Pair(Value(position), Value(pk)))',
        "after = models.Q(position__gt=position)",
        "order_management/tests/test_feeds.py::test_the_pages_of_one_transaction_add_up",
        POSTGRES,
    ),
    Control(
        "a row's position is not below that of the previous row of the product",
        "order_management/feeds/models.py",
        'newest_ended = "pg_snapshot_xmax(pg_current_snapshot())::text::bigint - 1"',
        'newest_ended = "0"',
        "order_management/tests/test_feeds.py::test_rows_of_one_product_come_in_the_order_of_its_ledger",
        POSTGRES,
    ),
    Control(
        "cursors issued before a restore are refused",
        "order_management/feeds/management/commands/restart_feeds.py",
        "FeedEpoch.objects.begin()",
        "pass",
        f"{BACKUP}::test_readers_of_feeds_start_again_after_a_restore",
        SQLITE,
    ),
    Control(
        "nothing is left of an interrupted backup",
        "order_management/backups/files.py",
        'Path(f"{temporary}{suffix}").unlink(missing_ok=True)',
        "pass",
        f"{BACKUP}::test_an_interrupted_backup_of_sqlite_leaves_nothing",
        SQLITE,
    ),
    Control(
        "the password is not on the command line of pg_dump",
        "order_management/backups/postgres.py",
        'if option.dispchar != b"*"',
        "if True",
        f"{BACKUP}::test_an_interrupted_backup_leaves_nothing_and_shows_no_password",
        POSTGRES,
    ),
    Control(
        "a new SQLite database is private",
        "order_management/db/sqlite/base.py",
        "os.O_WRONLY, 0o600",
        "os.O_WRONLY, 0o644",
        "orders/tests/test_backup.py::test_a_new_database_and_the_files_beside_it_are_private",
        SQLITE,
    ),
    Control(
        "a restored database is not mixed with the log of another one",
        "order_management/backups/sqlite.py",
        "if log.exists() and log.stat().st_size",
        "if False",
        "orders/tests/test_backup.py::test_the_log_of_another_database_is_not_mixed_with_a_restored_one",
        SQLITE,
    ),
    Control(
        "what a restore changes is in the database itself, not in a log that a full disk cuts off",
        "order_management/backups/sqlite.py",
        'connected_to(temporary, init_command="")',
        "connected_to(temporary)",
        "orders/tests/test_backup.py::test_all_that_a_restore_changes_is_in_the_file_before_it_gets_its_name",
        SQLITE,
    ),
    Control(
        "a database that accepts no writes is noticed",
        "order_management/ops/health.py",
        "applied_migrations() and is_writable()",
        "applied_migrations()",
        "order_management/tests/test_health.py::test_it_is_not_ready_if_postgresql_allows_no_writes",
        POSTGRES,
    ),
    Control(
        "an import locks the products of its file in a fixed order",
        "products/imports.py",
        "lock_products(Product.objects.filter(pk__in=ids))",
        "pass",
        "tests_live/test_import_races.py::test_an_import_neither_loses_nor_refuses_a_sale",
        POSTGRES,
    ),
    Control(
        "the token of a form is used up by its change",
        "accounts/models/form_token.py",
        "        if not new:\n",
        "        if False:\n",
        "tests_live/test_admin_races.py::test_a_form_submitted_many_times_at_once_is_processed_once",
        POSTGRES,
    ),
    Control(
        "the token of a form is unique in the database",
        "accounts/models/form_token.py",
        "row, new = self.get_or_create(token=token)",
        "new = not self.filter(token=token).exists(); row = self.create(token=f'{token[:9]}{id(token)}')",
        "tests_live/test_admin_races.py::test_a_form_submitted_many_times_at_once_is_processed_once",
        POSTGRES,
    ),
    Control(
        "every view of the admin site uses up the form token",
        "accounts/site.py",
        "return super().admin_view(view if view == self.logout else self.submit_once(view), cacheable)",
        "return super().admin_view(view, cacheable)",
        "order_management/tests/test_admin_forms.py::test_a_form_submitted_twice_makes_its_change_once",
        SQLITE,
    ),
    Control(
        "the second of two concurrent imports of a file is noticed",
        "products/import_lock.py",
        'while connection.vendor == "postgresql" and not try_lock():',
        "while False:",
        "tests_live/test_import_races.py::test_a_file_imported_twice_at_once_is_imported_once",
        POSTGRES,
    ),
    Control(
        "a session that cannot be saved is a 503",
        "order_management/api/database_errors.py",
        "            return super().process_response(request, response)\n        except DATABASE_ERRORS as error:",
        "            return super().process_response(request, response)\n        except ZeroDivisionError as error:",
        "order_management/tests/test_database_away.py::test_a_session_that_cannot_be_saved_is_a_503",
        SQLITE,
    ),
    Control(
        "a write on SQLite waits for another transaction",
        "order_management/db/sqlite/base.py",
        "if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:",
        "if True:",
        "tests_live/test_database.py::test_while_sqlite_is_locked_for_writing_reads_continue_and_writes_wait",
        SQLITE,
    ),
    Control(
        "a failed login is counted under a lock",
        "accounts/models/client_address.py",
        'update_conflicts=True, unique_fields=["address"], update_fields=["changed_at"]',
        "ignore_conflicts=True",
        f"{THROTTLE}::test_concurrent_wrong_passwords_are_counted_exactly",
        POSTGRES,
    ),
    Control(
        "the lockout is checked again when a failed login is counted",
        "accounts/throttle.py",
        "    refuse_if_locked_out(client, username)\n    client.record_failure(username)",
        "    client.record_failure(username)",
        f"{THROTTLE}::test_concurrent_wrong_passwords_are_counted_exactly",
        SQLITE,
    ),
    Control(
        "the lockout is checked again after a right password",
        "accounts/throttle.py",
        "    refuse_if_locked_out(client, username)\n    if client.has_failures",
        "    if client.has_failures",
        "accounts/tests/test_throttle.py::test_a_check_overtaken_by_the_lockout_of_the_address_reveals_nothing",
        SQLITE,
    ),
    Control(
        "a registration is counted in the transaction that creates the user",
        "accounts/services.py",
        "    throttle.record_registration(address)\n",
        "",
        f"{THROTTLE}::test_concurrent_registrations_are_counted_exactly",
        SQLITE,
    ),
    Control(
        "a change does not wait for orders for its author",
        "order_management/db/prepared.py",
        '.replace("FOR NO KEY UPDATE", "FOR KEY SHARE")',
        "",
        "tests_live/test_orders_for_customers.py::test_orders_for_an_admin_do_not_block_what_this_admin_changes",
        POSTGRES,
    ),
    Control(
        "a Customer's orders are counted under a lock",
        "orders/throttle.py",
        "    User.objects.lock_alone(user)\n",
        "",
        f"{THROTTLE}::test_concurrent_orders_are_counted_exactly",
        POSTGRES,
    ),
    Control(
        "a forged X-Forwarded-For is not trusted",
        "order_management/settings.py",
        '"NUM_PROXIES": TRUSTED_PROXIES,',
        '"NUM_PROXIES": None,',
        f"{THROTTLE}::test_a_forged_header_does_not_evade_the_limit",
        SQLITE,
    ),
    Control(
        "a refused body is drained",
        "order_management/api/limits.py",
        "while drained < DRAIN_MAX_BYTES and",
        "while False and",
        f"{BODIES}::test_a_client_that_sends_10_mb_can_read_the_413",
        SQLITE,
    ),
    Control(
        "a body that no view reads is drained",
        "order_management/api/limits.py",
        '        if not hasattr(request, "_body"):\n            drain(request, response)\n',
        "",
        f"{BODIES}::test_a_kept_connection_works_after_any_body_on_any_path",
        SQLITE,
    ),
    Control(
        "under ASGI a body is limited before Django writes it to disk",
        "order_management/asgi.py",
        "if size <= BODY_MAX_BYTES:",
        "if True:",
        f"{BODIES}::test_no_body_is_written_to_disk_before_it_is_refused",
        SQLITE,
    ),
    Control(
        "a stalled body is cut off",
        "order_management/api/slow_bodies.py",
        "connection.shutdown(socket.SHUT_RD)",
        "pass",
        "tests_live/test_slow_bodies.py::test_a_stalled_body_holds_no_thread",
        SQLITE,
    ),
    Control(
        "many callers can connect to the development server at once",
        "order_management/management/commands/runserver.py",
        "request_queue_size = 1024",
        "request_queue_size = 10",
        "tests_live/test_development.py::test_a_hundred_callers_can_connect_at_once",
        SQLITE,
    ),
    Control(
        "the debug page shows nothing about the process",
        "order_management/ops/debug.py",
        "return data | HIDDEN",
        "return data",
        "order_management/tests/test_debug.py::test_no_error_page_shows_environment_settings_or_variables",
        SQLITE,
    ),
    Control(
        "a length is read in full, including leading zeros",
        "order_management/api/limits.py",
        "return int(text) if",
        "return int(text[:20]) if",
        f"{BODIES}::test_leading_zeros_do_not_hide_a_content_length",
        SQLITE,
    ),
    Control(
        "the length of the query is checked before anything repeats it",
        "order_management/api/limits.py",
        'if is_longer(request.META.get("QUERY_STRING", ""), QUERY_MAX_BYTES):',
        "if False:",
        "order_management/tests/test_limits.py::test_a_long_query_is_refused_everywhere",
        SQLITE,
    ),
    Control(
        "a count reads at most 10,001 rows",
        "order_management/api/counting.py",
        "[: COUNT_MAX + 1]",
        "",
        "order_management/tests/test_counting.py::test_no_more_than_10000_are_counted",
        SQLITE,
    ),
    Control(
        "a refusal repeats at most 20 unknown names",
        "order_management/api/strict.py",
        "if name not in known), self.left))",
        "if name not in known), None))",
        "order_management/tests/test_strict.py::test_at_most_20_unknown_names_of_100_characters_are_repeated",
        SQLITE,
    ),
    Control(
        "only the beginning of a long Prefer header is read",
        "order_management/api/prefer.py",
        "[:LENGTH_MAX]",
        "",
        "order_management/tests/test_prefer.py::test_the_rest_of_a_long_header_is_not_read",
        SQLITE,
    ),
    Control(
        "no more pieces are returned than are left",
        "orders/models/lines.py",
        "returned__lte=most)",
        'returned__lte=most + F("quantity"))',
        "orders/tests/test_return.py::test_more_than_is_left_is_refused",
        SQLITE,
    ),
    Control(
        "an order is locked while pieces are returned",
        "orders/models/order.py",
        "return self.select_for_update(no_key=True).get(pk=pk)",
        "return self.get(pk=pk)",
        f"{RACES}::test_returns_of_different_lines_return_the_whole_order",
        POSTGRES,
    ),
    Control(
        "the previous version cannot return the rest of an order",
        "orders/migrations/0006_order_returned.py",
        'Q(partly_returned=False) | Q(status="delivered")',
        'Q(partly_returned=False) | ~Q(status="unknown")',
        "orders/tests/test_return.py::test_the_previous_version_cannot_return_the_rest_of_an_order",
        SQLITE,
    ),
    Control(
        "the database decides whether a username is available",
        "accounts/services.py",
        "except IntegrityError:",
        "except ZeroDivisionError:",
        f"{CALLS}::test_only_one_of_many_concurrent_registrations_gets_the_name",
        SQLITE,
    ),
    Control(
        "a token is blacklisted only once",
        "accounts/sessions.py",
        "token.add_to_blacklist(record):",
        "(token.add_to_blacklist(record) or True):",
        f"{CALLS}::test_concurrent_uses_of_a_refresh_token_return_one_new_pair",
        POSTGRES,
    ),
    Control(
        "no token of an ended session is accepted",
        "accounts/sessions.py",
        "if record.ended and record.blacklisted_at is None:",
        "if False:",
        f"{CALLS}::test_no_token_survives_the_end_of_its_session",
        SQLITE,
    ),
    Control(
        "the end of a session is committed although the call is refused",
        "accounts/sessions.py",
        "        end_session(token.session, user, record.now)\n    return None",
        "        end_session(token.session, user, record.now)\n    raise tokens.InvalidToken",
        "accounts/tests/test_refresh.py::test_reusing_a_refresh_token_later_ends_its_session",
        SQLITE,
    ),
    Control(
        "a login does not wait for a lock of the user",
        "accounts/models/managers.py",
        ", skip_locked=True)",
        ")",
        f"{CALLS}::test_a_login_does_not_wait_for_a_change_of_the_user",
        POSTGRES,
    ),
    Control(
        "a user deleted during a refresh gets a 401",
        "accounts/sessions.py",
        "except IntegrityError:",
        "except ZeroDivisionError:",
        f"{CALLS}::test_a_user_deleted_meanwhile_gets_no_token[/api/login/refresh/]",
        POSTGRES,
    ),
    Control(
        "a user deleted during a login gets a 401",
        "accounts/serializers.py",
        "except IntegrityError:",
        "except ZeroDivisionError:",
        "accounts/tests/test_login.py::test_a_user_deleted_during_the_password_check_cannot_log_in",
        SQLITE,
    ),
    Control(
        "token versions are random",
        "accounts/models/versions.py",
        "return 1 + secrets.randbelow(VERSION_MAX)",
        "return 1",
        f"{BACKUP}::test_no_token_of_another_database_is_accepted",
        SQLITE,
    ),
    Control(
        "end_sessions changes all versions",
        "accounts/sessions.py",
        "User.objects.filter(pk__in=pks).update(**new_versions_per_row())",
        "pass",
        f"{BACKUP}::test_no_token_from_before_a_restore_is_accepted",
        SQLITE,
    ),
    Control(
        "letting a user back in changes the versions",
        "accounts/models/user.py",
        "if not (is_active and self.is_active):",
        "if not self.is_active:",
        "accounts/tests/test_admin.py::test_a_session_ended_by_a_node_of_the_previous_version_stays_ended",
        SQLITE,
    ),
    Control(
        "upgrading a hash does not undo a password change",
        "accounts/models/user.py",
        "User.objects.filter(pk=self.pk, password=old)",
        "User.objects.filter(pk=self.pk)",
        "accounts/tests/test_login.py::test_a_login_that_upgrades_the_hash_does_not_undo_a_password_change",
        SQLITE,
    ),
    Control(
        "admins are locked while one changes another",
        "accounts/services.py",
        "User.objects.select_for_update(no_key=True), Q(pk=user_id)",
        "User.objects, Q(pk=user_id)",
        f"{CALLS}::test_when_two_admins_demote_each_other_one_remains",
        POSTGRES,
    ),
    Control(
        "an Admin locks a user before changing them in the admin site",
        "accounts/admin.py",
        "        services.set_access(user.pk, by=request.user, **access)\n        # Only",
        "        # Only",
        "accounts/tests/test_admin.py::test_saving_a_user_who_was_just_deleted_answers_404",
        SQLITE,
    ),
    Control(
        "an Admin locks a user before setting their password in the admin site",
        "accounts/admin.py",
        "get_object_or_404(User.objects.select_for_update(no_key=True), pk=id)",
        "pass",
        "tests_live/test_admin_races.py::test_saving_a_user_who_is_being_deleted_answers_404[password-fields1]",
        POSTGRES,
    ),
    Control(
        "an order never takes more than there is",
        "products/services.py",
        "0 <= quantity + delta <= QUANTITY_MAX",
        "True",
        f"{RACES}::test_64_buyers_share_10_pieces",
        SQLITE,
    ),
    Control(
        "the stock is locked while it is checked",
        "products/models.py",
        '.select_for_update(no_key=True)\n        .values_list(*COLUMNS, "deleted_at")',
        '.values_list(*COLUMNS, "deleted_at")',
        f"{RACES}::test_64_buyers_share_10_pieces",
        POSTGRES,
    ),
    Control(
        "the prices of an order are compared once its products are locked",
        "orders/services.py",
        "if any(prices[pk] != (name, price) for pk, name, price, *_ in order.lines):",
        "if False:",
        f"{RACES}::test_an_order_that_waited_for_a_new_price_has_it",
        POSTGRES,
    ),
    Control(
        "products are locked in ascending id",
        "products/services.py",
        "Product.objects.lock_stock(deltas)",
        # One by one in the order of the request.
        "dict(row for pk in deltas for row in Product.objects.lock_stock([pk]).items())",
        f"{RACES}::test_the_same_products_in_opposite_order_do_not_deadlock",
        POSTGRES,
    ),
    Control(
        "a connection checked a moment ago is trusted only if PostgreSQL has not closed it",
        "order_management/db/postgres/base.py",
        "and not self.has_input()",
        "",
        "tests_live/test_database.py::test_a_restart_of_postgresql_between_two_calls_goes_unnoticed",
        POSTGRES,
    ),
    Control(
        "SQLite takes its write lock when a transaction begins",
        "order_management/db/sqlite/__init__.py",
        '"transaction_mode": "IMMEDIATE"',
        '"transaction_mode": "DEFERRED"',
        f"{RACES}::test_nobody_is_refused_while_there_is_enough_stock",
        SQLITE,
    ),
    Control(
        "a key is claimed before anything else",
        "accounts/models/idempotency_key.py",
        'new = insert_key((user.pk, key, request, fingerprint, "", now))',
        'new = not self.filter(user=user, key=key).exists() and [self.create(user=user, key=key, response="").pk]',
        f"{RACES}::test_50_concurrent_retries_place_one_order",
        POSTGRES,
    ),
    Control(
        "a step is a compare-and-swap",
        "orders/models/order.py",
        "Order.objects.filter(pk=self.pk, status=self.status)",
        "Order.objects.filter(pk=self.pk)",
        f"{RACES}::test_only_one_of_two_concurrent_steps_is_taken",
        POSTGRES,
    ),
    Control(
        "a deleted product is not sold",
        "products/services.py",
        "if deleted_at is None or kind != Kind.ORDERED",
        "if True",
        f"{RACES}::test_an_order_that_waited_for_a_deletion_is_refused",
        POSTGRES,
    ),
    Control(
        "the row is locked while the stock is set",
        "products/models.py",
        "filter(pk=pk).select_for_update(no_key=True))",
        "filter(pk=pk))",
        f"{RACES}::test_setting_the_stock_loses_no_sale",
        POSTGRES,
    ),
    Control(
        "products are locked while they are counted",
        "products/models.py",
        'filter(pk__in=pks).order_by("pk").select_for_update(no_key=True)\n        return',
        'filter(pk__in=pks).order_by("pk")\n        return',
        f"{STOCK}::test_a_count_with_an_expected_stock_loses_no_sale",
        POSTGRES,
    ),
    Control(
        "products that are counted are locked in ascending id",
        "products/models.py",
        'filter(pk__in=pks).order_by("pk").select_for_update(no_key=True)\n        return',
        'filter(pk__in=pks).order_by("-pk").select_for_update(no_key=True)\n        return',
        f"{STOCK}::test_deliveries_and_orders_in_opposite_order_do_not_deadlock",
        POSTGRES,
    ),
    Control(
        "a product is locked while it is restored",
        "products/models.py",
        "self.select_for_update(no_key=True).filter(pk=pk)",
        "self.filter(pk=pk)",
        f"{CALLS}::test_a_product_is_restored_once",
        POSTGRES,
    ),
    Control(
        "a caller who is deleted during the call gets a 401",
        "order_management/api/handler.py",
        "isinstance(error, CALLER_MAY_BE_GONE)",
        "False",
        f"{RACES}::test_an_order_whose_customer_is_deleted_while_it_waits_is_a_401[None]",
        SQLITE,
    ),
    Control(
        "a deleted user cannot delete a product",
        "products/services.py",
        "remove()\n    User.objects.lock(by)\n\n\n@atomic\ndef delete_products",
        "remove()\n\n\n@atomic\ndef delete_products",
        "order_management/tests/test_deleted_callers.py::"
        "test_a_caller_deleted_during_the_call_gets_401_and_changes_nothing[product_delete-1]",
        SQLITE,
    ),
    Control(
        "the customer is locked while an Admin orders for them",
        "accounts/models/managers.py",
        "with_username(username).select_for_update(no_key=True)",
        "with_username(username)",
        "tests_live/test_orders_for_customers.py::test_an_order_waits_for_a_change_of_its_customer_and_is_refused[deleted]",
        POSTGRES,
    ),
    Control(
        "orders that are committed while their customer is anonymised find the customer deleted",
        "accounts/personal_data.py",
        "user = wanted.select_for_update().get()",
        "user = wanted.get()",
        "tests_live/test_anonymise_user.py::test_an_order_that_is_ready_while_its_customer_is_erased_is_a_401",
        POSTGRES,
    ),
    Control(
        "a failed login is hashed with every kind of hash in use",
        "accounts/backends.py",
        "        equalize_runtime(password, user and user.password)\n",
        "        equalize_runtime(password, None)\n",
        "accounts/tests/test_timing.py::test_a_wrong_password_runs_every_hasher_in_use[old]",
        SQLITE,
    ),
    Control(
        "an order is one transaction",
        "accounts/idempotency.py",
        "        @atomic\n        def run(",
        "        def run(",
        f"{DURABILITY}::test_kill_9_loses_no_acknowledged_order",
        SQLITE,
    ),
    Control(
        "a key is stored in the transaction of its change",
        "accounts/idempotency.py",
        "        @atomic\n        def run(",
        "        def run(",
        "tests_live/test_idempotency.py::test_parallel_duplicates_are_done_once_and_get_equal_answers[stock]",
        POSTGRES,
    ),
    Control(
        "housekeeping skips rows that another process has locked",
        "order_management/db/purge.py",
        ".select_for_update(skip_locked=True)",
        "",
        "tests_live/test_housekeeping.py::test_keys_locked_by_another_session_are_skipped",
        POSTGRES,
    ),
    Control(
        "the workers add up their metrics",
        "order_management/ops/metrics.py",
        "    if DIRECTORY in os.environ:",
        "    if False:",
        "tests_live/test_metrics.py::test_every_scrape_counts_the_calls_of_all_workers",
        SQLITE,
    ),
    Control(
        "an aborted transaction is retried",
        "order_management/db/transactions.py",
        "for _ in range(ATTEMPTS - 1):",
        "for _ in ():",
        f"{RETRIES}::test_an_order_that_runs_into_a_deadlock_is_still_placed",
        POSTGRES,
    ),
    Control(
        "callers do not wait forever for a lock",
        "order_management/wsgi.py",
        "postgres.set_timeouts()",
        "pass",
        "tests_live/test_limits.py::test_a_caller_who_waits_too_long_gets_a_503[for a lock]",
        POSTGRES,
    ),
    Control(
        "a commit waits until the replica has it",
        "order_management/db/postgres/__init__.py",
        'synchronous_commit="remote_apply"',
        'synchronous_commit="on"',
        f"{REPLICA}::test_clients_read_their_own_writes",
        POSTGRES,
    ),
    Control(
        "lists are read from the primary while the replica is unavailable",
        "order_management/db/replica.py",
        "except (OperationalError, InterfaceError, ProgrammingError) as error:",
        "except ZeroDivisionError as error:",
        f"{REPLICA}::test_without_the_replica_lists_are_read_from_the_primary_until_it_is_back",
        POSTGRES,
    ),
    Control(
        "a replica that failed is avoided for a while",
        "order_management/db/replica.py",
        "RETRY_AFTER = 10 ",
        "RETRY_AFTER = 0 ",
        f"{REPLICA}::test_nobody_waits_long_for_an_unresponsive_replica",
        POSTGRES,
    ),
    Control(
        "no startup parameters are sent that PgBouncer does not support",
        "order_management/db/postgres/__init__.py",
        "and not settings.PGBOUNCER",
        "",
        "tests_live/test_pgbouncer.py::test_concurrent_orders_share_a_few_connections",
        POSTGRES,
    ),
    Control(
        "a call that fails with the database is a 503",
        "order_management/api/handler.py",
        "return DatabaseUnavailable() if isinstance(error, DATABASE_ERRORS) else error",
        "return error",
        "order_management/tests/test_paths.py::test_a_call_without_the_database_is_a_503",
        SQLITE,
    ),
    Control(
        "a page that fails with the database is a 503",
        "order_management/api/database_errors.py",
        "return unavailable(error) if isinstance(error, DATABASE_ERRORS) else None",
        "return None",
        "order_management/tests/test_database_away.py::test_a_page_that_needs_the_database_is_a_503",
        SQLITE,
    ),
    Control(
        "a formula inside a text is escaped for other separators",
        "order_management/files/formulas.py",
        r'rf"{BREAK}(?:',
        r'rf"\A,(?:',
        "products/tests/test_formulas.py::test_no_reader_finds_a_formula",
        SQLITE,
    ),
    Control(
        "a call over plain HTTP is refused",
        "order_management/api/middleware.py",
        "if settings.SECURE_SSL_REDIRECT and not request.is_secure() and",
        "if False and",
        "order_management/tests/test_https.py::test_a_call_over_plain_http_is_refused_before_anything_else",
        SQLITE,
    ),
    Control(
        "requests for unknown hosts do not fill the log",
        "order_management/ops/logging.py",
        "if monotonic() < self.muted_until:",
        "if False:",
        "order_management/tests/test_logs.py::test_a_request_for_an_unknown_host_is_logged_once_a_minute",
        SQLITE,
    ),
    Control(
        "only one process migrates a database at a time",
        "order_management/management/commands/migrate.py",
        'with migration_lock(connections[options["database"]], self.stderr.write):',
        "if True:",
        f"{MIGRATIONS}::test_of_two_migrates_at_once_one_waits_and_finds_nothing_to_do",
        SQLITE,
    ),
    Control(
        "a lock of migrations that cannot be written is not mistaken for one that is held",
        "order_management/db/migration_lock.py",
        "if not os.access(path, os.W_OK):",
        "if False:",
        "order_management/tests/test_migrations.py::test_a_migrate_that_cannot_lock_stops_with_a_sentence",
        SQLITE,
    ),
    Control(
        "PostgreSQL does not abort the idle transaction that holds the lock of migrations",
        "order_management/db/migration_lock.py",
        "cursor.execute(NO_LIMITS)",
        "pass",
        f"{MIGRATIONS}::test_a_long_migration_keeps_its_lock_beyond_the_limit_for_idle_transactions",
        POSTGRES,
    ),
    Control(
        "nginx accepts responses with long headers",
        "deploy/nginx.conf",
        "    proxy_buffer_size 64k;\n    proxy_buffers 4 32k;\n    proxy_busy_buffers_size 64k;\n",
        "",
        "tests_cluster/test_one_caller.py::test_two_links_of_the_longest_query_get_through",
        SQLITE,
    ),
]


def copy_without(control, folder):
    """Return a copy of the project without the guard. It includes what Python has compiled, which takes a while."""
    copy = Path(folder) / "copy"
    shutil.copytree(ROOT, copy, ignore=shutil.ignore_patterns(*NOT_COPIED))
    file = copy / control.file
    source = file.read_text()
    if source.count(control.text) != 1:
        sys.exit(f"{control.file} must contain {control.text!r} exactly once: update the control.")
    file.write_text(source.replace(control.text, control.without))
    return copy


def run_without(control, variables):
    """Run the test in a copy of the project without the guard, and return pytest's output."""
    with tempfile.TemporaryDirectory() as folder:
        copy = copy_without(control, folder)
        # With the project's own cache, which has the migrated databases.
        cache = f"cache_dir={ROOT / '.pytest_cache'}"
        command = [sys.executable, "-m", "pytest", "-q", "--exitfirst", "-o", cache, control.test]
        options = {"cwd": copy, "env": os.environ | variables, "capture_output": True, "text": True}
        try:
            return subprocess.run(command, timeout=LIMIT, check=False, **options).stdout
        except subprocess.TimeoutExpired:
            return f"The test did not end within {LIMIT} seconds."


@contextlib.contextmanager
def clusters(number):
    """Yield a queue of PostgreSQL servers; a control takes one and puts it back."""
    with tempfile.TemporaryDirectory(prefix="controls-") as folder, contextlib.ExitStack() as stack:
        Path(folder).chmod(0o755)  # PostgreSQL may run as another user
        free = SimpleQueue()
        for index in range(number):
            server = PostgresServer(new_folder(folder, f"postgres_{index}"))
            stack.callback(server.destroy)
            server.create()
            free.put(server)
        yield free


def run_until_it_fails(control, free):
    """Return the output of the first try in which the test fails, or of the last one."""
    for _ in range(TRIES):
        output = output_without(control, free)
        if fails(control, output):
            break
    return output


def fails(control, output):
    return f"FAILED {control.test}" in output  # the test itself, not its setup


def output_without(control, free):
    if control.database == SQLITE:
        return run_without(control, {})
    cluster = free.get()
    try:
        data = str(cluster.folder / "data")
        return run_without(control, {"DEBUG": "on", "DATABASE_URL": cluster.url, "PGDATA": data})
    finally:
        free.put(cluster)


def main():
    passed = 0
    with clusters(JOBS) as free, ThreadPoolExecutor(JOBS) as threads:
        outputs = threads.map(lambda control: run_until_it_fails(control, free), CONTROLS)
        for control, output in zip(CONTROLS, outputs, strict=True):
            failed = fails(control, output)
            passed += failed
            result = "ok: the test fails" if failed else f"{output[-3000:]}\nWRONG: the test does not fail"
            print(f"{result} without: {control.guard}", flush=True)
    print(f"{passed} passed, {len(CONTROLS) - passed} failed")
    return passed < len(CONTROLS)


if __name__ == "__main__":
    sys.exit(main())
