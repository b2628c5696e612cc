"""Times from another clock: another node's, or this one's before it was set back."""

from datetime import timedelta

# How far apart the clocks of two nodes may be. A time further in the future came from a wrong clock.
CLOCK_SKEW = timedelta(seconds=10)
