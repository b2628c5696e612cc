"""Times that another clock has told: that of another node, or this one before it was set back."""

from datetime import timedelta

# How far apart the clocks of two nodes may be. A time further in the future comes from a clock that was wrong.
CLOCK_SKEW = timedelta(seconds=10)
