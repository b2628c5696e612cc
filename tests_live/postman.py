"""The Postman folder "The calls" and its saved answers, and what Newman got."""

import json
import subprocess

from .server import ADMIN, PASSWORD, ROOT

COLLECTION = ROOT / "postman/order-management.postman_collection.json"
HEADERS = ["Content-Type", "ETag", "Link", "Location"]
WIDTH = 120


def read_collection():
    return json.loads(COLLECTION.read_text(encoding="utf-8"))


def calls(collection):
    """Return the requests of the folder, which Newman sends first."""
    folder = collection["item"][0]
    assert folder["name"] == "The calls"
    return folder["item"]


def run(server, report, *options):
    """Run the collection as its users do, and return Newman's output; the report has all responses."""
    command = ["postman/run", f"http://127.0.0.1:{server.port}", ADMIN, PASSWORD, *options]
    command += ["--reporters", "cli,json", "--reporter-json-export", str(report)]
    process = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=600, check=False)
    assert process.returncode == 0, process.stdout + process.stderr
    return process.stdout


def answers(report, items):
    """Return the response to each request of the folder, in the form in which Postman saves it."""
    executions = json.loads(report.read_text(encoding="utf-8"))["run"]["executions"]
    # Requests that a script sends come first, at the same position.
    last = {each["cursor"]["position"]: each for each in executions}
    assert [last[position]["item"]["name"] for position, item in enumerate(items)] == [item["name"] for item in items]
    return [answer(last[position]["response"], item) for position, item in enumerate(items)]


def answer(response, item):
    body = json.loads(bytes(response["stream"]["data"]))
    got = {header["key"].lower(): header["value"] for header in response["header"]}
    return {
        "name": f"{response['code']} {response['status']}",
        "originalRequest": {key: value for key, value in item["request"].items() if key not in ("auth", "description")},
        "status": response["status"],
        "code": response["code"],
        "_postman_previewlanguage": "json",
        "header": [{"key": name, "value": got[name.lower()]} for name in HEADERS if name.lower() in got],
        "cookie": [],
        "body": json.dumps(body, indent=2, ensure_ascii=False),
    }


def shape(value):
    """Return the fields of an answer and their types, without the values."""
    if isinstance(value, dict):
        return tuple((key, shape(each)) for key, each in value.items())
    return frozenset(map(shape, value)) if isinstance(value, list) else type(value).__name__


def shape_of(answer):
    headers = [header["key"] for header in answer["header"]]
    return answer["code"], headers, answer["originalRequest"], shape(json.loads(answer["body"]))


def render(value, indent=0, before=0):
    """Return JSON in which everything that fits on a line is on one."""
    line = json.dumps(value, ensure_ascii=False)
    if not isinstance(value, dict | list) or indent + before + len(line) < WIDTH:
        return line
    start, end = "{}" if isinstance(value, dict) else "[]"
    pairs = (
        [(f"{json.dumps(key)}: ", each) for key, each in value.items()] if start == "{" else [("", v) for v in value]
    )
    rows = [f"{' ' * (indent + 2)}{key}{render(each, indent + 2, len(key))}" for key, each in pairs]
    return f"{start}\n" + ",\n".join(rows) + f"\n{' ' * indent}{end}"
