"""Negative controls of chaos: `make chaos-controls` removes guards in a copy of the project; chaos must notice each.

What happens without these guards shows only when several clients change the same products for a while.
"""

import subprocess
import sys
import tempfile
from typing import NamedTuple

from tests_live.controls import copy_without

SECONDS, SEEDS = 90, range(1, 4)  # a race may also end well
LIMIT = 900  # seconds that a run may take
FOUND = "the records and the logs are in"


class Control(NamedTuple):
    guard: str
    file: str
    text: str
    without: str
    arguments: tuple  # which shop


CONTROLS = [
    Control(
        "the prices of all lines of an order are compared once its products are locked",
        "orders/services.py",
        "for pk, name, price, *_ in order.lines):",
        "for pk, name, price, *_ in order.lines[:1]):",
        ("postgres",),
    ),
    Control(
        "an order is placed again if a name has changed, too",
        "orders/services.py",
        "if any(prices[pk] != (name, price) for pk, name, price, *_ in order.lines):",
        "if any(prices[pk][1] != price for pk, _, price, *_ in order.lines):",
        ("postgres",),
    ),
    Control(
        "If-Match of a booking is compared once the product is locked",
        "products/views.py",
        "product = services.lock_product(pk)\n        self.check_if_match(product)\n        services.adjust_stock",
        "self.check_if_match(services.get_product(pk))\n"
        "        product = services.lock_product(pk)\n        services.adjust_stock",
        ("postgres",),
    ),
]


def is_found(control, copy, seed):
    command = [sys.executable, "-m", "tests_chaos", *control.arguments, "--seconds", str(SECONDS), "--seed", str(seed)]
    output = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, cwd=copy, **output) as run:
        try:
            said, errors = run.communicate(timeout=LIMIT)
        except subprocess.TimeoutExpired:
            run.terminate()  # so that it cleans up
            raise
    print(said + errors[-2000:], flush=True)
    return run.returncode == 1 and FOUND in errors


def main():
    missed = 0
    for control in CONTROLS:
        with tempfile.TemporaryDirectory() as folder:
            copy = copy_without(control, folder)
            found = any(is_found(control, copy, seed) for seed in SEEDS)
        missed += not found
        print(f"{'ok: found' if found else 'WRONG: not found'} without: {control.guard}", flush=True)
    return missed > 0


if __name__ == "__main__":
    sys.exit(main())
