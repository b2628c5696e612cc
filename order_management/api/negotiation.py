from rest_framework.exceptions import UnsupportedMediaType
from rest_framework.negotiation import BaseContentNegotiation


class NotJSON(UnsupportedMediaType):
    def __init__(self):
        super().__init__(None, "Send the body as application/json in UTF-8.")


class JSONOnly(BaseContentNegotiation):
    """JSON in and out: 415 for any other body, and never 406, whatever `Accept` says."""

    def select_parser(self, request, parsers):
        charset = request.content_params.get("charset", "utf-8").lower()
        # Django's request has the parsed content type, DRF's the raw header.
        if request._request.content_type != "application/json" or charset not in ("utf-8", "utf8"):
            raise NotJSON
        return parsers[0]

    def select_renderer(self, request, renderers, format_suffix=None):
        return renderers[0], renderers[0].media_type
