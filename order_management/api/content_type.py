from django.utils.http import parse_header_parameters

LENGTH_MAX = 1024


def sanitized(content_type):
    """Return a request's Content-Type, or "unreadable" in place of one with which Django would fail.

    Django also decodes the query string in the charset that it names, and fails before any middleware if it cannot.
    """
    try:
        _, parameters = parse_header_parameters(content_type[:LENGTH_MAX])
    except ValueError:
        return "unreadable"
    utf8 = parameters.get("charset", "utf-8").lower() in ("utf-8", "utf8")
    return content_type if utf8 and len(content_type) <= LENGTH_MAX else "unreadable"
