"""The Postman collection makes every call of the OpenAPI schema; tests_live/ runs it."""

import json
import re
from pathlib import Path

from .test_schema import check, close

COLLECTION = Path(__file__).resolve().parents[2] / "postman/order-management.postman_collection.json"
FOLDERS = json.loads(COLLECTION.read_text(encoding="utf-8"))["item"]
THE_CALLS = FOLDERS[0]["item"]


def requests(items):
    for item in items:
        yield from requests(item["item"]) if "item" in item else [item["request"]]


def call(request):
    """Return the method and path of a request. Ids are variables in the collection and {id} in the schema."""
    path = request["url"].removeprefix("{{base_url}}").partition("?")[0]
    return request["method"], re.sub(r"/(\{\{\w+\}\}|\d+)(?=/)", "/{id}", path)


def documented(schema):
    return [(method.upper(), path) for path, methods in schema["paths"].items() for method in methods]


def test_the_collection_makes_every_call(client):
    assert set(documented(client.get("/api/schema/").json())) <= set(map(call, requests(FOLDERS)))


def test_the_calls_are_those_of_the_schema_each_once(client):
    assert FOLDERS[0]["name"] == "The calls"
    assert sorted(map(call, requests(THE_CALLS))) == sorted(documented(client.get("/api/schema/").json()))


def test_each_of_the_calls_has_a_saved_answer_as_documented(client):
    schema = json.loads(client.get("/api/schema/").content, object_hook=close)
    for item in THE_CALLS:
        [answer] = item["response"]
        method, path = call(item["request"])
        response = schema["paths"][path][method.lower()]["responses"][str(answer["code"])]
        check(json.loads(answer["body"]), response["content"]["application/json"], schema)
        assert answer["originalRequest"].items() <= item["request"].items()


def test_only_the_calls_have_saved_answers():
    """They are made by `make postman`, so none is out of date."""
    saved = [item for folder in FOLDERS[1:] for item in folder["item"] if item["response"]]

    assert saved == []
