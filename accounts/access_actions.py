"""Actions of the list of users that change the access of the selected ones, once the Admin has confirmed it."""

from typing import NamedTuple

from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.template.response import TemplateResponse

from . import services
from .models import User


class AccessChange(NamedTuple):
    """A change of access, and what the pages say about it."""

    role: str | None
    is_active: bool | None
    action: str
    question: str
    effect: str
    button: str
    done: str
    already: str

    def is_made(self, user):
        """Return whether the user already has this access."""
        return self.role in (None, user.role) and self.is_active in (None, user.is_active)


MAKE_ADMIN = AccessChange(
    role=User.Role.ADMIN,
    is_active=None,
    action="Make selected users Admins",
    question="Make these users Admins?",
    effect="Admins can use this site, and can do everything in the shop: see and move every order, change prices and "
    "stock, and lock out other users.",
    button="Make Admin",
    done="Made Admin",
    already="Already Admin",
)
MAKE_CUSTOMER = AccessChange(
    role=User.Role.CUSTOMER,
    is_active=None,
    action="Make selected users Customers",
    question="Make these users Customers?",
    effect="Customers cannot use this site. They see and cancel only their own orders.",
    button="Make Customer",
    done="Made Customer",
    already="Already Customer",
)
LOCK_OUT = AccessChange(
    role=None,
    is_active=False,
    action="Lock out selected users",
    question="Lock out these users?",
    effect="They are logged out everywhere and cannot log in until an Admin lets them in again. Their orders stay.",
    button="Lock out",
    done="Locked out",
    already="Already locked out",
)
LET_IN = AccessChange(
    role=None,
    is_active=True,
    action="Let selected users back in",
    question="Let these users back in?",
    effect="They can log in again, with the password they had.",
    button="Let in",
    done="Let in",
    already="Not locked out",
)


def access_action(change):
    """Return an admin action that makes a change, but never to the Admin who makes it."""

    @admin.action(description=change.action)
    def ask_or_make(model_admin, request, users):
        others = users.exclude(pk=request.user.pk).order_by("username", "pk")
        to_change = [user for user in others if not change.is_made(user)]
        if to_change and "post" not in request.POST:
            return ask(model_admin, request, change, users, to_change)
        changed = services.set_access_of(others, by=request.user, role=change.role, is_active=change.is_active)
        report(request, change, others, changed, includes_own=users.filter(pk=request.user.pk).exists())
        return None

    return ask_or_make


def ask(model_admin, request, change, users, to_change):
    context = {
        **model_admin.admin_site.each_context(request),
        "title": change.question,
        "opts": model_admin.opts,
        "change": change,
        "users": users.order_by("username", "pk"),
        "to_change": to_change,
        "action": request.POST["action"],
        "checkbox": ACTION_CHECKBOX_NAME,
    }
    return TemplateResponse(request, "admin/accounts/user/change_access.html", context)


def report(request, change, others, changed, *, includes_own):
    """Say who was changed, who already was, and that nobody can change their own access."""
    pks = {user.pk for user in changed}
    done = [user.username for user in others if user.pk in pks]
    already = [user.username for user in others if user.pk not in pks]
    if done:
        messages.success(request, f"{change.done}: {', '.join(done)}.")
    if already:
        messages.info(request, f"{change.already}: {', '.join(already)}.")
    if includes_own:
        messages.warning(request, "You cannot change your own access.")
