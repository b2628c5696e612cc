"""CSV files in and out, for all apps. What a row means is up to the app."""
