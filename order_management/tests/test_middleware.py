"""Calls skip the middleware that only pages need."""

import pytest
from asgiref.sync import async_to_sync


@pytest.mark.parametrize(
    ("path", "has_session"),
    [("/api/products/", False), ("/api/nowhere/", False), ("/api/docs/", True), ("/admin/login/", True)],
)
def test_only_pages_have_sessions(client, async_client, db, path, has_session):
    for response in (client.get(path), async_to_sync(async_client.get)(path)):
        request = getattr(response, "wsgi_request", None) or response.asgi_request
        assert hasattr(request, "session") is has_session


def test_answers_to_calls_state_their_length(api, customer, bat):
    response = api(customer).get("/api/products/")

    assert response["Content-Length"] == str(len(response.content))
