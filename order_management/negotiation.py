from rest_framework.exceptions import UnsupportedMediaType
from rest_framework.negotiation import DefaultContentNegotiation


class NotJSON(UnsupportedMediaType):
    def __init__(self):
        super().__init__(None, "Send the body as application/json in UTF-8.")


class JSONOnly(DefaultContentNegotiation):
    """JSON in, JSON out: 415 for any other body, and never a 406, whatever `Accept` says."""

    def select_parser(self, request, parsers):
        parser = super().select_parser(request, parsers)
        if parser is None:
            raise NotJSON
        return parser

    def select_renderer(self, request, renderers, format_suffix=None):
        return renderers[0], renderers[0].media_type
