"""Logs why a server cannot start, and what Python warns about."""

import logging
import logging.config
import sys
from contextlib import contextmanager

from django.conf import settings

from .logging import logging_config


@contextmanager
def start_logged():
    """Log the reason if a server cannot start, and end the process; then log Python's warnings."""
    if settings.configured:  # under runserver, which reports errors itself
        yield
        return
    try:
        yield
    except SystemExit as error:
        end(str(error))
    except Exception:
        end("The server cannot start.", exc_info=True)
    logging.captureWarnings(True)  # Python would print them as text.


def end(message, **options):
    # The settings may be what is wrong, and then they have not set up the log.
    logging.config.dictConfig(logging_config(debug=False))
    logging.getLogger(__name__).critical(message, **options)
    sys.exit(1)
