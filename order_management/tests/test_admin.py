import re

import pytest
from django.contrib import admin
from django.urls import reverse

from order_management.admin.export import ExportMixin

LISTS = ["/admin/accounts/user/", "/admin/products/product/", "/admin/products/stockmovement/", "/admin/orders/order/"]
EXPORTS = ["/admin/products/product/", "/admin/orders/order/"]
QUERIES = [
    "q=%00",
    "id__in=12345678901234567890123",
    "id__exact=12345678901234567890123456",
    "id__regex=(",
    "created_at__year=0",
    "date_joined__year=99999999",
    "status__exact=%00",
    "total=1e999999",
    "product=12345678901234567890123",
    "customer__id__exact=12345678901234567890123456",
    "customer__id__exact=abc",
    "created_at_from=0000-00-00",
    "p=-1",
    "p=x",
    "o=junk",
    "stock=x",
    "kind__exact=x",
]


@pytest.mark.parametrize("query", QUERIES)
@pytest.mark.parametrize("path", LISTS)
def test_no_query_string_breaks_a_list(site, path, query):
    assert site.get(f"{path}?{query}").status_code in (200, 302, 400)


def test_every_export_contains_what_its_list_shows():
    exporting = []
    for model_admin in admin.site._registry.values():
        if any("export" in str(url.name) for url in model_admin.get_urls()):
            assert type(model_admin).export_file is ExportMixin.export_file
            exporting.append(reverse(model_admin.url_of("changelist")))

    assert sorted(exporting) == sorted(EXPORTS)


@pytest.mark.parametrize("query", QUERIES)
@pytest.mark.parametrize("path", EXPORTS)
def test_no_query_string_breaks_an_export(site, order, path, query):
    response = site.get(f"{path}export/?{query}")

    assert response.status_code in (200, 302, 400)
    if response.status_code == 200:
        assert response.getvalue()


@pytest.mark.parametrize("key", ["abc", "1\0", "9" * 30, ""])
@pytest.mark.parametrize("path", LISTS)
def test_no_malformed_key_breaks_a_list(site, path, key):
    for name in ("_selected_action", "form-0-id", "form-77-id"):
        body = {"action": "delete_selected", "form-TOTAL_FORMS": 1, "form-INITIAL_FORMS": 1, "_save": "Save", name: key}
        assert site.post(path, body).status_code == 400


@pytest.mark.parametrize(
    "path",
    [
        "search/?s=prod&page=x",
        "search/?s=prod&page=99",
        "search/?s=prod&page=-1",
        "autocomplete/?app_label=orders&model_name=order&field_name=customer&term=%00",
        "autocomplete/?app_label=orders&model_name=order&field_name=customer&page=x",
    ],
)
def test_no_query_string_breaks_a_search(site, path):
    assert site.get(f"/admin/{path}").status_code in (400, 404)


def lists_with(option):
    """Return every ModelAdmin that sets this option."""
    return [model_admin for model_admin in admin.site._registry.values() if getattr(model_admin, option)]


def path_of(model_admin):
    return reverse(f"admin:{model_admin.opts.app_label}_{model_admin.opts.model_name}_changelist")


@pytest.mark.parametrize("model_admin", lists_with("search_fields"), ids=str)
def test_a_search_is_limited_to_twenty_words(site, model_admin):
    assert site.get(path_of(model_admin), {"q": "a " * 20}).status_code == 200
    for words in (21, 1900):
        assert site.get(path_of(model_admin), {"q": "a " * words}).status_code == 400


@pytest.mark.parametrize("model_admin", lists_with("list_editable"), ids=str)
def test_a_list_builds_no_more_forms_than_it_shows_rows(site, model_admin):
    response = site.post(path_of(model_admin), {"form-TOTAL_FORMS": 1999, "form-INITIAL_FORMS": 1999, "_save": "Save"})

    assert response.status_code == 200
    assert len(response.context["cl"].formset.forms) == model_admin.list_per_page


def test_a_price_is_entered_beside_the_currency(site, bat, settings):
    settings.CURRENCY = "EUR"

    for path in ("", f"{bat.pk}/change/", "add/"):
        page = site.get(f"/admin/products/product/{path}").content.decode()
        assert re.search(r'EUR\s*</span>\s*<input type="number"[^>]* name="(form-0-)?price"', page)


def test_numbers_are_right_aligned_with_their_headings(site, order, bat):
    for path, column in (
        ("orders/order/", "total"),
        (f"orders/order/{order.pk}/change/", "subtotal"),
        ("products/product/", "quantity"),
        ("products/stockmovement/", "balance"),
    ):
        page = site.get(f"/admin/{path}").content.decode()
        assert f"column-{column} number" in page
        assert f"field-{column} number" in page
