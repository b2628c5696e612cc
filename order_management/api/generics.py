"""DRF's generic views with strict calls, the base of the API's views."""

from rest_framework import generics

from .strict import StrictMixin


class GenericAPIView(StrictMixin, generics.GenericAPIView):
    pagination_class = None  # unless the view is a list


class ListAPIView(StrictMixin, generics.ListAPIView):
    """A list, in pages."""
