from rest_framework import metadata


class Metadata(metadata.SimpleMetadata):
    """The response to OPTIONS: the view and its media types. The OpenAPI schema describes the fields."""

    def determine_actions(self, request, view):
        return {}
