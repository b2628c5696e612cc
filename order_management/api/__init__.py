"""What all API calls share: JSON, fields, filters, pagination, conditional requests, limits, errors and the schema.

An app's own fields, filters and errors belong in the app.
"""
