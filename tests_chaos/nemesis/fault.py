"""What all faults have in common."""

import dataclasses
import re
import threading

TASK_SECONDS = 240


class Fault:
    """Something that breaks a shop for a while. Subclasses are dataclasses, whose fields are the parameters."""

    is_kill = False
    # Whether healing takes long, or needs what other faults of the round break. If so, it starts before them.
    heals_last = False

    @property
    def kind(self):
        """Return its name, the same for both nodes."""
        return re.sub(r" \d\b", "", f"{self.verb} {self.target}")

    @property
    def parameters(self):
        return dataclasses.asdict(self)

    @property
    def claims(self):
        """Return the names of what no other fault of the same round may break."""
        return {self.target}

    def is_possible(self, shop):
        """Return whether this machine can do it."""
        return True

    def inject(self, shop):
        raise NotImplementedError

    def heal(self, shop):
        """Undo what `inject` has done, even if it has not got to its end."""


class Task(Fault):
    """A fault that takes its time: it runs while others are injected, and is healed once it is done."""

    heals_last = True
    thread = error = None
    outcome = ""

    def inject(self, shop):
        self.thread = threading.Thread(target=self.run, args=[shop], daemon=True)
        self.thread.start()

    def run(self, shop):
        try:
            self.work(shop)
        except Exception as error:  # raised in `heal`, in the thread of the nemesis
            self.error = error

    def heal(self, shop):
        if self.thread:
            self.thread.join(TASK_SECONDS)
            assert not self.thread.is_alive(), f"{self.kind} was not done after {TASK_SECONDS} seconds."
        if self.error:
            raise self.error
