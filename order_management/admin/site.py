"""The admin site. It refuses malformed input that none of its pages would send."""

import re
from datetime import timedelta
from functools import wraps

from django.conf import settings
from django.contrib import messages
from django.contrib.admin.views.autocomplete import AutocompleteJsonView
from django.contrib.auth import get_user, logout
from django.core.exceptions import ObjectDoesNotExist, PermissionDenied, SuspiciousOperation
from django.core.paginator import InvalidPage
from django.db import DatabaseError, DataError
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache
from rest_framework.exceptions import Throttled
from unfold.sites import UnfoldAdminSite

from ..db.errors import DATABASE_ERRORS

# For all values of a form together. A form with errors repeats them, some twice and escaped: a character can take 19
# bytes. Numbers, such as the ids and prices of a list, do not count, nor do passwords, which no page repeats.
FORM_MAX_CHARACTERS, NUMBER_MAX_CHARACTERS = 2000, 20
PASSWORDS = "(old_|new_)?password[12]?"


class SearchResults(AutocompleteJsonView):
    """What a search box offers, as `ListAdmin.search_label` describes it."""

    def serialize_result(self, obj, to_field_name):
        return super().serialize_result(obj, to_field_name) | {"text": self.model_admin.search_label(obj)}


def in_shop_time_zone(view):
    """Run a view, and render its page, in the time zone of the shop."""

    @wraps(view)
    def wrapper(request, *args, **kwargs):
        with timezone.override(settings.SHOP_TIME_ZONE):
            response = view(request, *args, **kwargs)
            return response.render() if hasattr(response, "render") else response

    return wrapper


class Site(UnfoldAdminSite):
    """The admin site, with the API's limit on failed logins."""

    index_title = "Shop"

    def each_context(self, request):
        return super().each_context(request) | {"time_zone": settings.SHOP_TIME_ZONE}

    def admin_view(self, view, cacheable=False):
        """Refuse malformed input with a 400, and show times in the shop's zone."""
        inner = super().admin_view(view, cacheable)

        @wraps(inner)
        @in_shop_time_zone
        def checked(request, *args, **kwargs):
            if any("\0" in value for _, values in request.GET.lists() for value in values):
                raise SuspiciousOperation("The query string contains a NUL character.")
            refuse_long_values(request.POST)
            refuse_malformed_keys(request.POST)
            try:
                response = inner(request, *args, **kwargs)
                # Rendered here, because this is when most pages query the database.
                return response.render() if hasattr(response, "render") else response
            except (DataError, InvalidPage, OverflowError) as error:
                raise SuspiciousOperation("A value is out of bounds.") from error
            except DATABASE_ERRORS:
                raise
            except (DatabaseError, ObjectDoesNotExist, PermissionDenied):
                request.user = get_user(request)
                if self.has_permission(request):
                    raise
                # The user was deleted, locked out or demoted during the request: the view redirects to the login page.
                logout(request)
                messages.error(request, "Your account is no longer allowed to do this. Nothing was saved.")
                return inner(request, *args, **kwargs)

        return checked

    def autocomplete_view(self, request):
        return SearchResults.as_view(admin_site=self)(request)

    @method_decorator(in_shop_time_zone)
    def login(self, request, extra_context=None):
        refuse_long_values(request.POST)
        try:
            return super().login(request, extra_context)
        except Throttled as error:
            return self.locked_out(request, error)
        except DATABASE_ERRORS:
            raise
        except DatabaseError:
            # The user was deleted after the password check: the second attempt responds as to an unknown name.
            logout(request)
            return super().login(request, extra_context)

    @method_decorator(never_cache)
    def locked_out(self, request, error):
        # The page shows whole minutes, and the next one is the first that is not too early.
        again_at = timezone.now() + timedelta(seconds=error.wait, minutes=1)
        context = {**self.each_context(request), "title": "Locked out", "again_at": again_at}
        headers = {"Retry-After": str(error.wait)}
        return TemplateResponse(request, "admin/locked_out.html", context, status=429, headers=headers)


def refuse_long_values(values):
    lengths = [len(value) for name, texts in values.lists() for value in texts if not re.fullmatch(PASSWORDS, name)]
    if sum(length for length in lengths if length > NUMBER_MAX_CHARACTERS) > FORM_MAX_CHARACTERS:
        raise SuspiciousOperation("The values of the form are too long.")


def refuse_malformed_keys(values):
    for name, keys in values.lists():
        is_key = re.fullmatch("_selected_action|form-[0-9]+-id", name)
        if is_key and not all(re.fullmatch("[0-9]{1,18}", key) for key in keys):
            raise SuspiciousOperation(f"{name} is not a valid key.")
