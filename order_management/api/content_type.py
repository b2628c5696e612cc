from django.utils.http import parse_header_parameters

LENGTH_MAX = 1024


def sound(content_type):
    """Return a request's Content-Type, or one that nobody reads in place of a harmful one.

    Django decodes the query string, too, in the charset it names, and fails before any middleware if it cannot.
    """
    try:
        _, parameters = parse_header_parameters(content_type[:LENGTH_MAX])
    except ValueError:
        return "unreadable"
    utf8 = parameters.get("charset", "utf-8").lower() in ("utf-8", "utf8")
    return content_type if utf8 and len(content_type) <= LENGTH_MAX else "unreadable"
