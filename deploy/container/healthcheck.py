"""Fail unless the server in this container is ready."""

import os
import urllib.request

with urllib.request.urlopen(f"http://127.0.0.1:{os.environ['GRANIAN_PORT']}/readyz/", timeout=4):
    pass
