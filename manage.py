#!/usr/bin/env python
"""Django's command line: runserver, migrate, createsuperuser, ..."""

import os
import sys


def main():
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "order_management.settings")
    from django.core.management import execute_from_command_line
    from django.core.servers.basehttp import WSGIRequestHandler

    # Without it runserver waits 40 ms for an ACK in each answer of a kept connection.
    WSGIRequestHandler.disable_nagle_algorithm = True
    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
