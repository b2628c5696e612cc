"""Feeds: lists of what happened, oldest first, for programs that must miss nothing."""
