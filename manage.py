#!/usr/bin/env python
"""Django's command line: runserver, migrate, createsuperuser, ..."""

import os
import sys


def main():
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "order_management.settings")
    # Commands are asked for no metrics, and the folder of the workers is there only while they run.
    os.environ.pop("PROMETHEUS_MULTIPROC_DIR", None)
    if "runserver" not in sys.argv:
        os.environ.pop("METRICS_TOKEN", None)
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
