"""The page of the admin site with the addresses that are locked out after failed logins."""

from datetime import timedelta

from django import forms
from django.contrib import messages
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils import timezone
from unfold.decorators import action

from . import services
from .models import NAME_MAX, ClientAddress, User


class AddressForm(forms.Form):
    address = forms.CharField(max_length=64)


class NameForm(forms.Form):
    username = forms.CharField(max_length=NAME_MAX, required=False)


class LockoutsMixin:
    actions_list = ["locked_out_addresses"]

    @action(description="Locked-out addresses", icon="lock_clock", url_path="locked-out")
    def locked_out_addresses(self, request):
        if request.method == "POST":
            let_in(request)
            return redirect(f"{self.admin_site.name}:accounts_user_locked_out_addresses")
        form = NameForm(request.GET)
        username = form.cleaned_data["username"] if form.is_valid() else ""
        context = {
            **self.admin_site.each_context(request),
            "title": "Locked-out addresses",
            "username": username,
            "lockouts": lockouts(username),
        }
        return TemplateResponse(request, "accounts/locked_out_addresses.html", context)


def let_in(request):
    form = AddressForm(request.POST)
    if not form.is_valid():
        messages.error(request, "Nothing was changed: there is no such address.")
    elif services.let_address_in(form.cleaned_data["address"], by=request.user):
        messages.success(request, f"People at {form.cleaned_data['address']} can log in again.")
    else:
        messages.info(request, f"{form.cleaned_data['address']} is not locked out.")


def lockouts(username):
    """Return the addresses with a lockout now, newest first; with a username, only those where it is locked out."""
    addresses = [client for client in ClientAddress.objects.locked_out() if not username or client.login_wait(username)]
    names = User.objects.names_by_digest() if addresses else {}
    return [describe(client.address, client.lockouts(), names) for client in addresses]


def describe(address, seconds, names):
    """Return an address with the names that are locked out there, or all, and the time when the last lockout ends."""
    known = sorted(names[digest] for digest in seconds if digest in names)
    others = sum(1 for digest in seconds if digest and digest not in names)
    until = timezone.now() + timedelta(seconds=max(seconds.values()))
    return {"address": address, "everybody": None in seconds, "names": known, "others": others, "until": until}
