"""The project: settings, URLs and entry points, and the rooms that every app shares. It imports no app."""
