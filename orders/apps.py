from django.apps import AppConfig


class OrdersConfig(AppConfig):
    name = "orders"

    def ready(self):
        from . import metrics  # noqa: F401 (before the server starts counting)
