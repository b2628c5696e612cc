"""Feeds: lists of everything that has happened, oldest first, for programs that must not miss a change."""
