from django.apps import AppConfig
from django.contrib.admin import apps


class AccountsConfig(AppConfig):
    name = "accounts"


class AdminConfig(apps.AdminConfig):
    default = False  # "accounts" in INSTALLED_APPS means AccountsConfig
    default_site = "accounts.site.Site"
