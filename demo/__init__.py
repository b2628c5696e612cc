"""A shop to try: `manage.py demo` fills an empty database with it. No other app imports this one."""
