"""Python runs this first if its folder is in PYTHONPATH.

Under Debian's libfaketime, time.sleep() fails with EINVAL: the library mistakes a time of CLOCK_MONOTONIC for one of
CLOCK_REALTIME in clock_nanosleep(). Waiting for an event that never comes avoids that call.
"""

import threading
import time

time.sleep = lambda seconds: threading.Event().wait(seconds)
