"""CSV files in and out, for all apps. What a row means is decided by the app, never here."""
