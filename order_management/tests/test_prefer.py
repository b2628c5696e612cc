"""The Prefer header (RFC 7240)."""

import pytest
from django.http import HttpResponse
from django.test import RequestFactory
from rest_framework.request import Request

from order_management.api.prefer import LENGTH_MAX, honor, preferences, preferences_applied


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("", {}),
        ("count=exact", {"count": "exact"}),
        ("Count=Exact", {"count": "exact"}),
        ('count="exact"', {"count": "exact"}),
        (" count \t=  exact ; foo=1 ;bar", {"count": "exact"}),
        ("handling=strict, count=exact", {"handling": "strict", "count": "exact"}),
        ("count=exact, COUNT=none", {"count": "exact"}),
        ("respond-async, wait=10", {"respond-async": "", "wait": "10"}),
        ('a="b, count=exact", c="x\\"y, count=none"', {"a": "b, count=exact", "c": 'x"y, count=none'}),
        ('count=""', {"count": ""}),
    ],
)
def test_preferences_are_read_by_name(header, expected):
    assert preferences(RequestFactory().get("/", headers={"Prefer": header})) == expected


@pytest.mark.parametrize(
    "header", [",,;=;,", '"', '"count=exact', "=exact", "\\", "é=\x00", ' ="\\' * 9000, ";" * 60_000]
)
def test_a_malformed_header_is_ignored(header):
    request = RequestFactory().get("/", headers={"Prefer": header})

    assert not honor(request, "count", "exact")
    assert "Preference-Applied" not in preferences_applied(lambda request: HttpResponse())(request).headers


def test_the_rest_of_a_long_header_is_not_read():
    header = "x," * (LENGTH_MAX // 2) + "count=exact," * 30_000

    assert preferences(RequestFactory().get("/", headers={"Prefer": header})) == {"x": ""}


def test_the_response_lists_each_applied_preference_once():
    def view(request):
        wrapped = Request(request)
        for name, value in (("count", "exact"), ("handling", "strict"), ("count", "exact"), ("wait", "10")):
            honor(wrapped, name, value)
        return HttpResponse()

    request = RequestFactory().get("/", headers={"Prefer": "handling=strict, count=exact, wait=5"})
    assert preferences_applied(view)(request).headers["Preference-Applied"] == "count=exact, handling=strict"
