from rest_framework import metadata


class Metadata(metadata.SimpleMetadata):
    """What OPTIONS answers: the view and its media types. Fields are for the OpenAPI schema to say."""

    def determine_actions(self, request, view):
        return {}
