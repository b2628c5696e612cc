"""The nemesis at work."""

import contextlib
import time

from tests_live.server import eventually

RECOVERY_SECONDS = 60


class Unrecovered(Exception):
    """The shop did not become ready after its faults were healed."""


class Nemesis:
    """Break a shop by a schedule, or by any rounds, and heal it after each; `injected` are the faults."""

    def __init__(self, shop, schedule):
        self.shop, self.rounds = shop, iter(schedule)
        self.injected, self.left_out = [], set()

    def run(self, seconds):
        self.began = time.monotonic()
        deadline = self.began + seconds
        for round_ in self.rounds:
            if time.monotonic() + round_.calm >= deadline:
                break
            time.sleep(round_.calm)
            self.play(round_)

    def play(self, round_):
        """Inject the faults, hold them, heal them in reverse order, and wait until the shop is ready again."""
        faults = [(pause, fault) for pause, fault in round_.faults if self.can(fault)]
        names = ", ".join(f"{fault.kind} {fault.parameters or ''}".strip() for _, fault in faults)
        print(f"{time.monotonic() - self.began:7.1f} s: {names or 'nothing that this machine can do'}", flush=True)
        with contextlib.ExitStack() as healing:
            for pause, fault in faults:
                time.sleep(pause)
                self.injected.append(fault)
                healing.callback(self.heal, fault)  # even if it fails in the middle
                fault.inject(self.shop)
            time.sleep(round_.hold)
        try:
            eventually(self.shop.is_ready, RECOVERY_SECONDS)
        except AssertionError as error:
            raise Unrecovered(f"The shop was not ready {RECOVERY_SECONDS} seconds after this ended: {names}") from error

    def can(self, fault):
        """Return whether this machine can inject the fault; print its kind once if not."""
        possible = fault.is_possible(self.shop)
        if not possible and fault.kind not in self.left_out:
            self.left_out.add(fault.kind)
            print(f"Left out, because this machine cannot do it: {fault.kind}", flush=True)
        return possible

    def heal(self, fault):
        fault.heal(self.shop)
        if outcome := getattr(fault, "outcome", ""):
            print(f"           {fault.kind}: {outcome}", flush=True)
