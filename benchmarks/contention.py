"""Measure many buyers of one product: `make contention`; on PostgreSQL `DEBUG=on tools/with-postgres make contention`.

Eight clients order the same product as fast as the server answers, with one worker and with two, on both cores of the
machine. The main figure is how long the slowest client waits. Each server has a new database; the servers take turns.
"""

import argparse
import contextlib
import json
import statistics
import tempfile
from pathlib import Path

from . import report
from .run import BEFORE, FASTAPI, OURS, ROOT, Server, check_out, new_database, show

CLIENTS = 8
ORDER = {
    "method": "POST",
    "path": "/api/orders/",
    "by": "customer",
    "bodies": [json.dumps({"items": [{"product": 7, "quantity": 1}]})],
}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=5)
    parser.add_argument("--only", nargs="+", choices=[OURS, FASTAPI], default=[OURS, FASTAPI])
    parser.add_argument("--before", metavar="REVISION", help="compare with this revision of the code")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as stack:
        results = {}
        folders = {BEFORE: check_out(options.before, f"{folder}/before")} if options.before else {}
        for workers in (1, 2):
            for name in [*options.only, *folders]:
                number = len(results)
                database, log = new_database(folder, number), Path(folder) / f"{number}.log"
                server = Server(name, database, log, workers, cores="0,1", folder=folders.get(name, ROOT))
                stack.enter_context(server).fill()
                results[f"{name}, workers: {workers}"] = server, []
        for number in range(options.rounds):
            for name, (server, measured) in results.items():
                measured.append(server.load(ORDER, options.seconds, CLIENTS))
                show(f"round {number + 1}/{options.rounds}: {name}")
    show("")
    rows = []
    for name, (_, measured) in results.items():
        _, _, speed, p50, p99, longest = map(statistics.median, zip(*measured, strict=True))
        rows.append([name, f"{speed:.0f}", f"{p50:.1f}", f"{p99:.1f}", f"{longest:.0f}"])
    print(report.table(["eight buyers of one product", "orders/s", "p50, ms", "p99, ms", "longest, ms"], rows))


if __name__ == "__main__":
    main()
