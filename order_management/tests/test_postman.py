"""The Postman collection makes every call of the OpenAPI schema; tests_live/ runs it."""

import json
import re
from pathlib import Path

COLLECTION = Path(__file__).resolve().parents[2] / "postman/order-management.postman_collection.json"


def requests(items):
    for item in items:
        if "item" in item:
            yield from requests(item["item"])
        else:
            yield item["request"]["method"], item["request"]["url"]


def test_the_collection_makes_every_call(client):
    # Ids are variables in the collection and {id} in the schema.
    made = {
        (method, re.sub(r"/(\{\{\w+\}\}|\d+)(?=/)", "/{id}", url.removeprefix("{{base_url}}").partition("?")[0]))
        for method, url in requests(json.loads(COLLECTION.read_text(encoding="utf-8"))["item"])
    }
    schema = client.get("/api/schema/").json()
    documented = {(method.upper(), path) for path, methods in schema["paths"].items() for method in methods}

    assert documented <= made
