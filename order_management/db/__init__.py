"""How the project talks to its databases: transactions, statements compiled once, the replica, deletion in batches."""
