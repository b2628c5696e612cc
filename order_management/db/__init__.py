"""How the code talks to the database: transactions, SQL compiled once, the replica, both backends, batched deletes.

It knows no app's models: an app passes in its own querysets.
"""
