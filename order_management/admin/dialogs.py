"""Forms in dialogs. Without htmx, such as without JavaScript, a dialog is a page of its own."""

from functools import wraps

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from unfold.decorators import action


def dialog_action(*, dialog, **options):
    """Make a method a button that opens a dialog, and call it with the dialog's form once that is valid."""

    def decorator(method):
        @action(**options)
        @wraps(method)
        def button(model_admin, request, object_id):
            form = dialog["form_class"](request, object_id, data=request.POST or None)
            if form.is_valid():
                return method(model_admin, request, form, object_id)
            return render_dialog(model_admin, dialog, form)

        button.dialog = dialog
        return button

    return decorator


def render_dialog(model_admin, dialog, form):
    """Return the dialog with what was typed and the errors of the form."""
    context = {"dialog": dialog, "form": form, "title": dialog["title"]}
    if not is_htmx(form.request):
        instance = get_object_or_404(model_admin.model, pk=form.object_id)
        context |= {**model_admin.admin_site.each_context(form.request), "opts": model_admin.opts, "original": instance}
    return TemplateResponse(form.request, "unfold/helpers/dialog.html", context)


def close_dialog(request, url):
    return HttpResponse(headers={"HX-Redirect": url}) if is_htmx(request) else redirect(url)


def is_htmx(request):
    return "HX-Request" in request.headers
