"""Break a shop at random while it is used, and check that its books still balance: `python -m tests_chaos sqlite`.

Everything random follows from the seed, which is printed. If the answers contradict each other or what is read at the
end, the contradictions are printed, the records and the logs are kept, and the exit code is 1.
"""

import argparse
import pickle
import random
import shutil
import signal
import sys
import tempfile
import traceback
from collections import Counter
from itertools import pairwise
from pathlib import Path

from .callers import LIMIT
from .checker import check
from .load import Load
from .nemesis.run import Nemesis
from .nemesis.schedule import Schedule
from .shops import POSTGRES, SQLITE, open_shop


def main():
    options = parse()
    # So that a run that is stopped cleans up, too.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    folder = Path(tempfile.mkdtemp(prefix="chaos-"))
    folder.chmod(0o755)  # PostgreSQL may run as another user
    print(f"{options.database}, seed {options.seed}, {options.seconds} seconds", flush=True)
    with open_shop(options.database, folder, pgbouncer=options.pgbouncer) as shop:
        try:
            history, errors = run(shop, options)
        finally:
            keep_logs(shop, folder / "logs")
    (folder / "history.pickle").write_bytes(pickle.dumps(history))
    errors += check(history, limit=LIMIT)
    if errors:
        sys.exit("\n".join([*errors, f"Seed {options.seed}; the records and the logs are in {folder}."]))
    print("The books balance.")
    shutil.rmtree(folder)


def parse():
    parser = argparse.ArgumentParser(prog="python -m tests_chaos", description=__doc__.partition(":")[0])
    parser.add_argument("database", choices=[SQLITE, POSTGRES])
    parser.add_argument(
        "--pgbouncer", action="store_true", help="let the nodes connect to PostgreSQL through PgBouncer"
    )
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument(
        "--seed", type=int, default=random.randrange(10**6), help="default: a new one, which is printed"
    )
    return parser.parse_args()


def run(shop, options):
    """Use the shop and break it; return the history, including the final reading, and what went wrong meanwhile."""
    load, errors = Load(shop, options.seed), []
    nemesis = Nemesis(shop, Schedule(options.seed, options.database, options.pgbouncer))
    with load:
        try:
            nemesis.run(options.seconds)
        except Exception:  # what the clients were answered until then is checked all the same
            errors.append(f"The nemesis has stopped: {traceback.format_exc()}")
    print(summary(load.history, nemesis), flush=True)
    return load.history, [*errors, *load.read_everything(), *load.errors(), *wrong_stock(shop)]


def keep_logs(shop, folder):
    """Copy the logs of the shop, because those on a disk of their own are gone when it is closed."""
    for name, text in shop.logs().items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)


def wrong_stock(shop):
    """Return what verify_stock finds."""
    result = shop.manage("verify_stock")
    return [] if result.returncode == 0 else [f"verify_stock failed: {result.stdout}{result.stderr}"]


def summary(history, nemesis):
    """Return what happened, in a few lines."""
    attempts = sorted((attempt for record in history.records for attempt in record.attempts), key=lambda it: it.began)
    failed = sum(attempt.status in (None, 429, 503) for attempt in attempts)
    ends = sorted(record.ended for record in history.records if record.status == 201 and record.path == "/api/orders/")
    gap = max((after - before for before, after in pairwise(ends)), default=0)
    kinds = Counter(fault.kind for fault in nemesis.injected)
    faults = ", ".join(f"{kind} {number}" for kind, number in sorted(kinds.items()))
    kills = sum(fault.is_kill for fault in nemesis.injected)
    return (
        f"{len(attempts)} requests, {failed} failed ({100 * failed / len(attempts):.1f} %), {len(ends)} orders, "
        f"longest time without a new order {gap:.1f} s\n{len(nemesis.injected)} faults, {kills} of them kills: {faults}"
    )


if __name__ == "__main__":
    main()
