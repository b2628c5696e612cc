from django.urls import URLPattern, get_resolver


def all_routes(patterns=None, prefix=""):
    """Yield the route of every path, including the admin site's."""
    for pattern in get_resolver().url_patterns if patterns is None else patterns:
        route = prefix + str(pattern.pattern)
        if isinstance(pattern, URLPattern):
            yield route
        else:
            yield from all_routes(pattern.url_patterns, route)
