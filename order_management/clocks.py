"""Times from another clock: another node's, or this one's before it was set back."""

from datetime import timedelta

# How far apart the clocks of two nodes may be. A time further in the future comes from a clock that was wrong.
CLOCK_SKEW = timedelta(seconds=10)
