"""Limits on request targets, so that no response header outgrows a proxy's buffer, and on bodies, for every path."""

from io import BytesIO

import pytest
from django.urls import URLPattern, get_resolver

from order_management.api.limits import HOST_MAX_BYTES, PATH_MAX_BYTES, QUERY_MAX_BYTES
from products.models import Product

# Less than nginx's buffer for response headers, see deploy/nginx.conf.
HEADERS_MAX_BYTES = 32 * 1024
# Some of these grow each time they are quoted.
FILLINGS = ["x", "%22", '"', "é", "\xff", "%ff", "%25", "=", "&", "a&", "+", "/", "%f0%9f%98%80"]
STARTS = ["", "next=", "_changelist_filters=q%3D"]
HOST = "h" * 60 + ".example:" + "0" * (HOST_MAX_BYTES - 69)


def routes(patterns, prefix=""):
    for pattern in patterns:
        path = prefix + str(pattern.pattern).removeprefix("^").removesuffix("$").removesuffix(r"\Z")
        if isinstance(pattern, URLPattern):
            yield path.replace("<int:pk>", "1").replace("<path:object_id>", "1")
        else:
            yield from routes(pattern.url_patterns, path)


PATHS = sorted({f"/{path}" for path in routes(get_resolver().url_patterns) if not set(path) & set("<(?")})
PATHS += [path.rstrip("/") for path in PATHS if path != "/"]


def filled(start, filling, size):
    """Return the start, padded to the size with the filling."""
    return (start + filling * size)[:size]


def size_of_headers(response):
    return sum(len(f"{name}: {value}\r\n".encode()) for name, value in response.headers.items()) + sum(
        len(f"Set-Cookie: {cookie.OutputString()}\r\n") for cookie in response.cookies.values()
    )


@pytest.fixture(params=["nobody", "nobody over HTTP", "an admin"])
def get(request, client, admin, api, settings):
    """A function that gets a raw target, anonymously or as an Admin with a session and a token."""
    settings.SECURE_SSL_REDIRECT = "HTTP" in request.param
    settings.ALLOWED_HOSTS = ["*"]
    headers = {}
    if request.param == "an admin":
        client.force_login(admin)
        headers = api(admin)._credentials

    def get(path, query):
        return client.get("/", PATH_INFO=path, QUERY_STRING=query, HTTP_HOST=HOST, **headers)

    return get


@pytest.mark.parametrize("start", STARTS)
def test_response_headers_fit_into_a_proxys_buffer(get, start):
    for path in PATHS:
        response = get(path, filled(start, "%ff", QUERY_MAX_BYTES))

        assert size_of_headers(response) < HEADERS_MAX_BYTES, path


@pytest.mark.parametrize("filling", FILLINGS)
def test_headers_of_a_redirect_fit_into_the_buffer(get, filling):
    for path in ("/", "/admin", "/admin/", "/admin/login/", "/api/products", "/api/docs", "/favicon.ico"):
        for start in STARTS:
            assert size_of_headers(get(path, filled(start, filling, QUERY_MAX_BYTES))) < HEADERS_MAX_BYTES, path


@pytest.mark.parametrize("filling", ["0", "é", '"', "%", "x/"])
@pytest.mark.parametrize("start", ["/api/products/", "/admin/", "/static/", "/"])
def test_headers_fit_into_the_buffer_whatever_the_path(get, start, filling):
    for size in (PATH_MAX_BYTES, PATH_MAX_BYTES // 6):
        response = get(filled(start, filling, size), filled("", "%25", QUERY_MAX_BYTES))

        assert size_of_headers(response) < HEADERS_MAX_BYTES


@pytest.mark.parametrize("filling", FILLINGS)
def test_links_of_a_page_with_two_neighbors_fit_into_the_buffer(api, admin, filling):
    Product.objects.bulk_create(Product(name="é" * 99 + str(n), price=n, quantity=0) for n in range(3))
    client, start = api(admin), "/api/products/?ordering=name&page_size=1"
    following = client.get(start).headers["Link"].split(">")[0].removeprefix("<")
    query = filled(f"{following.partition('?')[2]}&z=", filling, QUERY_MAX_BYTES)

    response = client.get("/api/products/", QUERY_STRING=query, HTTP_HOST="localhost:" + "0" * (HOST_MAX_BYTES - 10))

    # Some become too long when percent-encoded or have too many parameters.
    assert response.status_code in (400, 414) or 'rel="prev"' in response.headers["Link"]
    assert size_of_headers(response) < HEADERS_MAX_BYTES


TOO_LONG = "x" * (QUERY_MAX_BYTES + 1)


def test_a_long_query_is_refused_everywhere(client, db):
    for path in PATHS:
        response = client.get("/", PATH_INFO=path, QUERY_STRING=TOO_LONG)

        assert response.status_code == 414
        if f"{path}/".startswith("/api/"):
            assert response.json() == {"detail": "The query may have up to 4000 bytes.", "code": "uri_too_long"}
        else:
            assert response.content == b"The query may have up to 4000 bytes.\n"


def test_a_query_of_maximum_length_is_accepted(api, customer):
    assert api(customer).get("/api/products/", QUERY_STRING=TOO_LONG[1:]).status_code == 200


@pytest.mark.parametrize("path", ["/api/products/" + "0" * 1000 + "1", "/" + "x" * 1000, "/admin/" + "é" * 400])
def test_a_long_path_is_a_404(client, path):
    assert client.get("/", PATH_INFO=path).status_code == 404


@pytest.mark.parametrize("host", ["localhost:" + "0" * 246, "localhost." * 100])
def test_a_long_host_is_refused(client, host):
    assert client.get("/api/products", HTTP_HOST=host).status_code == 400


@pytest.mark.parametrize("target", ["*", "http://localhost/api/products/", "localhost:80", "healthz/", ""])
@pytest.mark.parametrize("method", ["GET", "OPTIONS", "POST", "HEAD", "CONNECT"])
def test_a_target_that_is_not_a_path_gets_a_proper_response(client, method, target):
    response = client.generic(method, "/", PATH_INFO=target)

    assert response.status_code in (302, 403, 404, 405)
    assert response.headers["Content-Security-Policy"]


NOT_NUMBERS = ["+5", " 5", "5, 5", "-1", "٥", "²", "1_0", "5.0", "9" * 5000, "0" * 5000 + "1"]
BAD_LENGTHS = [({"HTTP_TRANSFER_ENCODING": "chunked"}, 411), ({"CONTENT_LENGTH": "0" * 25 + "3000000"}, 413)]
BAD_LENGTHS += [({"CONTENT_LENGTH": length}, 400) for length in NOT_NUMBERS]


@pytest.mark.parametrize(("headers", "status"), BAD_LENGTHS)
def test_no_path_accepts_a_body_of_unknown_length_or_over_its_limit(client, headers, status):
    for path in PATHS:
        # The body ends immediately, as with a server that terminates bodies itself.
        response = client.post(
            "/", PATH_INFO=path, **{"wsgi.input": BytesIO(), "wsgi.input_terminated": True} | headers
        )

        assert response.status_code == status
        assert (response.headers["Content-Type"] == "application/json") is f"{path}/".startswith("/api/")


@pytest.mark.parametrize(
    ("path", "content_type", "limit"),
    [
        ("/api/login/", "application/json", 1024 * 1024),
        ("/admin/products/product/import/", "multipart/form-data; boundary=x", 2560 * 1024),
        ("/admin/products/product/import/", "application/x-www-form-urlencoded", 64 * 1024),
        ("/admin/products/product/", "application/x-www-form-urlencoded", 64 * 1024),
    ],
)
def test_a_body_may_be_as_long_as_the_limit(client, db, path, content_type, limit):
    statuses = [client.post(path, b" " * size, content_type).status_code for size in (limit, limit + 1)]

    assert statuses[0] != 413
    assert statuses[1] == 413


@pytest.mark.parametrize("coding", ["gzip", "GZIP", "br", "deflate", "x", "identity, gzip", "gzip,"])
def test_an_encoded_body_is_refused(client, db, coding):
    response = client.post("/api/login/", {"username": "a"}, "application/json", headers={"Content-Encoding": coding})

    assert response.status_code == 415
    assert response.json() == {
        "detail": "Send the body uncompressed, without a Content-Encoding.",
        "code": "unsupported_media_type",
    }
    assert response.headers["Accept-Encoding"] == "identity"


@pytest.mark.parametrize("coding", ["", "identity", "Identity", " identity ", "identity, identity"])
def test_the_identity_encoding_is_accepted(client, db, coding):
    response = client.post("/api/login/", {"username": "a"}, "application/json", headers={"Content-Encoding": coding})

    assert response.status_code == 400


def test_allowed_origins_may_read_refusals(client, settings):
    settings.CORS_ALLOWED_ORIGINS = ["https://pages.example"]

    for call in ({"QUERY_STRING": TOO_LONG}, {"CONTENT_LENGTH": "x"}, {"HTTP_TRANSFER_ENCODING": "chunked"}):
        response = client.post("/api/login/", HTTP_ORIGIN="https://pages.example", **call)
        assert response.status_code in (400, 411, 414)
        assert response.headers["Access-Control-Allow-Origin"] == "https://pages.example"
