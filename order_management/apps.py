from django.apps import AppConfig
from django.contrib.admin import apps


class OrderManagementConfig(AppConfig):
    name = "order_management"


class AdminConfig(apps.AdminConfig):
    default_site = "accounts.site.Site"
