"""What every HTTP call shares: limits, JSON, fields, pages, conditional requests, errors, the schema. No app's rule."""
