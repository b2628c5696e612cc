"""Logs why a server cannot start."""

import logging
import logging.config
import sys
from contextlib import contextmanager

from django.conf import settings

from .logging import logging_config


@contextmanager
def failure_logged():
    """Log the reason if a server cannot start, and end the process."""
    if settings.configured:  # under runserver, which reports errors itself
        yield
        return
    try:
        yield
    except SystemExit as error:
        end(str(error))
    except Exception:
        end("The server cannot start.", exc_info=True)


def end(message, **options):
    # The settings may be what is wrong, and then they have not set up the log.
    logging.config.dictConfig(logging_config(debug=False))
    logging.getLogger(__name__).critical(message, **options)
    sys.exit(1)
