"""Static files in production: compressed, cached for a year under a URL with their version."""

import gzip
import re

import pytest
from django.contrib.staticfiles import finders
from django.templatetags.static import static

from order_management.static_files import GZIP, VERSION_LENGTH, version

CSS, FONT = "unfold/css/styles.css", "unfold/fonts/inter/Inter-Regular.woff2"
YEAR = "max-age=31536000, public, immutable"
GZIPPED = {"Accept-Encoding": "gzip, deflate, br"}


def content(response):
    return b"".join(response.streaming_content)


def original(name):
    with open(finders.find(name), "rb") as file:
        return file.read()


def test_every_url_has_the_version():
    assert re.fullmatch(rf"/static/[0-9a-f]{{{VERSION_LENGTH}}}/orders/list\.css", static("orders/list.css"))


def test_development_has_plain_urls(settings):
    settings.DEBUG = True

    assert static("orders/list.css") == "/static/orders/list.css"


def test_a_file_is_compressed_and_cached_for_a_year(client):
    response = client.get(static(CSS), headers=GZIPPED)

    body = content(response)
    assert (response.headers["Content-Encoding"], response.headers["Cache-Control"]) == ("gzip", YEAR)
    assert gzip.decompress(body) == original(CSS)
    assert int(response.headers["Content-Length"]) == len(body) < len(original(CSS)) / 4
    assert response.headers["Vary"] == "Accept-Encoding"


@pytest.mark.parametrize("accepted", ["", "br", "identity", "gzip;q=0", "br, gzip; q=0.0", "deflate, gzip;q=0, br"])
def test_a_client_that_does_not_accept_gzip_gets_the_file_as_it_is(client, accepted):
    response = client.get(static(CSS), headers={"Accept-Encoding": accepted})

    assert "Content-Encoding" not in response.headers
    assert content(response) == original(CSS)
    assert response.headers["Vary"] == "Accept-Encoding"


@pytest.mark.parametrize("accepted", ["gzip", "br, gzip", "gzip;q=0.5", "br;q=0, gzip"])
def test_gzip_is_recognized_in_any_list(accepted):
    assert GZIP.search(accepted)


def test_a_compressed_file_is_sent_as_it_is(client):
    response = client.get(static(FONT), headers=GZIPPED)

    assert "Content-Encoding" not in response.headers
    assert content(response) == original(FONT)
    assert response.headers["Cache-Control"] == YEAR


def test_head_has_the_headers_of_get(client):
    got, head = client.get(static(CSS), headers=GZIPPED), client.head(static(CSS), headers=GZIPPED)

    assert content(head) == b""
    assert {**head.headers, "X-Request-ID": ""} == {**got.headers, "X-Request-ID": ""}


@pytest.mark.parametrize("name", [CSS, FONT])
def test_a_file_that_has_not_changed_is_a_304(client, name):
    first = client.get(static(name), headers=GZIPPED)
    assert content(first)
    etag = first.headers["ETag"]

    response = client.get(static(name), headers=GZIPPED | {"If-None-Match": etag})

    assert response.status_code == 304
    assert (content(response), response.headers["Cache-Control"]) == (b"", YEAR)


def test_a_range_is_part_of_the_original(client):
    response = client.get(static(CSS), headers=GZIPPED | {"Range": "bytes=10-19"})

    assert response.status_code == 206
    assert content(response) == original(CSS)[10:20]
    assert "Content-Encoding" not in response.headers


@pytest.mark.parametrize(("path", "cached"), [("0" * VERSION_LENGTH + "/", "no-cache"), ("", "max-age=60, public")])
def test_a_file_under_another_version_or_none_is_not_kept_for_long(client, path, cached):
    response = client.get(f"/static/{path}{CSS}", headers=GZIPPED)

    assert gzip.decompress(content(response)) == original(CSS)
    assert response.headers["Cache-Control"] == cached


@pytest.mark.parametrize("name", ["nothing.css", "../order_management/settings.py", "unfold/", ""])
def test_a_missing_file_is_a_404_and_its_url_no_error(client, name):
    response = client.get(static(name))

    assert response.status_code == 404
    assert "Cache-Control" not in response.headers


def test_a_refusal_is_not_kept(client):
    refused = [client.post(static(CSS)), client.get(static(CSS), headers={"Range": "bytes=9999999-"})]

    assert [response.status_code for response in refused] == [405, 416]
    assert not any("Cache-Control" in response.headers for response in refused)


def test_what_a_stylesheet_refers_to_has_the_version_too(client):
    for name in ("unfold/fonts/inter/styles.css", "unfold/fonts/material-symbols/styles.css"):
        references = re.findall(rb"url\(['\"]?([^'\")]+)", original(name))
        assert references
        for reference in references:
            url = static(name).rpartition("/")[0] + "/" + reference.decode()
            response = client.get(url)
            assert content(response)
            assert response.headers["Cache-Control"] == YEAR, url


@pytest.fixture
def _no_version():
    """Compute the version again, before and after the test."""
    version.cache_clear()
    yield
    version.cache_clear()


@pytest.mark.usefixtures("_no_version")
def test_any_change_to_any_file_changes_the_version(settings, tmp_path):
    before = version()
    (tmp_path / "orders").mkdir()
    changed = tmp_path / "orders/list.css"
    changed.write_bytes(original("orders/list.css"))
    settings.STATICFILES_DIRS = [tmp_path]
    version.cache_clear()
    assert version() == before

    changed.write_bytes(original("orders/list.css") + b" ")
    version.cache_clear()

    assert version() != before
