from django.apps import AppConfig


class FeedsConfig(AppConfig):
    name = "order_management.feeds"
