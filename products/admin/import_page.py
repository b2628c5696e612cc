"""The page that imports a file of products."""

from django.contrib import messages
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from unfold.decorators import action

from accounts.form_tokens import use_token, uses_token_itself
from order_management.files.csv import BadFile

from ..import_lock import ImportConflict, import_lock
from ..imports import AlreadyImported, ProductImporter
from .forms import ImportForm


@uses_token_itself
@action(description="Import", icon="upload", url_path="import")
def import_file(self, request):
    form, bad_lines, may_repeat = ImportForm(request.POST or None, request.FILES or None), [], False
    if form.is_valid():
        dry_run = form.cleaned_data["dry_run"]
        try:
            counts = import_once(request, **form.cleaned_data)
        except BadFile as error:
            form.add_error("file", str(error))
            bad_lines = error.lines
        except ImportConflict as error:
            form.add_error("file", str(error))
            may_repeat = isinstance(error, AlreadyImported)
        else:
            messages.success(request, counts.summary(dry_run=dry_run))
            return redirect("admin:products_product_" + ("import_file" if dry_run else "changelist"))
    if not may_repeat:
        del form.fields["again"]
    context = {**self.admin_site.each_context(request), "title": "Import", "form": form, "bad_lines": bad_lines}
    return TemplateResponse(request, "products/import.html", context)


def import_once(request, file, dry_run, again):
    """Import the file of a form and return the Counts. Raise BadFile, ImportConflict or AlreadySent."""
    with ProductImporter(file, by=request.user) as importer:
        importer.check()
        if not dry_run:
            with import_lock(), use_token(request):
                if not again:
                    importer.refuse_repetition()
                importer.save()
        return importer.counts
