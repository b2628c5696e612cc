"""The project: settings, URLs, entry points, and the code that all apps share. It imports no app.

It would look the same in another project: what is about accounts, products or orders belongs in their apps.
"""

__version__ = "1.0.0"
