"""A TypeScript client generated from the schema compiles with the README's calls and others, and their answers."""

import contextlib
import functools
import http.server
import json
import re
import shutil
import subprocess
import threading

import pytest

from order_management.tests.test_readme import samples

from .browser import browser
from .client_samples import HERE, PARTS, assert_one_order_was_placed, blocks, shop
from .databases import ON_POSTGRES
from .server import ROOT, WAIT

pytestmark = pytest.mark.skipif(ON_POSTGRES, reason="the schema is the same")
DOM = ["--target", "es2022", "--lib", "es2022,dom,dom.iterable"]
TSC = ["npx", "--no-install", "tsc", "--strict", "--noEmit", "--module", "es2022", "--moduleResolution", "bundler"]
HEAD = """
import createClient from "openapi-fetch";
import type { paths } from "./schema";
const client = createClient<paths>({ baseUrl: "http://127.0.0.1:8000" });
"""

BALL = {"id": 2, "name": "Ball", "price": "250.00", "quantity": 5}
USER = {"id": 2, "username": "user1", "role": "admin", "is_active": True, "date_joined": "..."}
# (method, path, body, status, answer) of calls that the README does not show.
MORE = [
    ("POST", "/api/login/refresh/", {"refresh": "eyJ..."}, 200, {"access": "eyJ...", "refresh": "eyJ..."}),
    ("GET", "/api/products/?search=ball&in_stock=true&ordering=-price&page_size=10", None, 200, [BALL]),
    ("POST", "/api/products/create/", {"name": "Ball", "price": "250.00", "quantity": 5}, 201, BALL),
    ("POST", "/api/products/create/", {"name": "", "price": -1}, 400, None),
    ("POST", "/api/products/2/stock/", {"delta": -2, "note": "damaged"}, 200, BALL | {"quantity": 3}),
    ("POST", "/api/orders/1/confirm/", None, 409, None),
    ("PATCH", "/api/accounts/users/2/", {"role": "admin"}, 200, USER),
    ("GET", "/api/products/", None, 401, None),
]


def run(folder, *command):
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="module")
def client(server, tmp_path_factory):
    """A folder with a client generated from the server's schema."""
    folder = tmp_path_factory.mktemp("typescript")
    for file in (ROOT / "tests_live/typescript").glob("package*.json"):
        shutil.copy(file, folder)
    run(folder, "npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts")
    (folder / "schema.json").write_text(json.dumps(server.call("GET", "/api/schema/").body))
    run(folder, "npx", "--no-install", "openapi-typescript", "schema.json", "--output", "schema.d.ts")
    return folder


def template(schema, path):
    """Return the documented path that matches a path, and the values of its parameters."""
    for each in schema["paths"]:
        if match := re.fullmatch(re.sub(r"\{(\w+)\}", r"(?P<\1>[0-9]+)", each), path):
            return each, {name: int(value) for name, value in match.groupdict().items()}
    raise LookupError(path)


def typed(operation, query):
    """Return the parameters of a query with the types of the schema."""
    kinds = {each["name"]: each["schema"]["type"] for each in operation["parameters"]}
    pairs = [pair.split("=") for pair in query.split("&")]
    return {name: value if kinds[name] == "string" else json.loads(value) for name, value in pairs}


def source(schema, number, call, answer):
    """Return a function that makes the call and names its answer."""
    (method, url, headers, body), (status, shown) = call, answer
    headers = {name: headers[name] for name in headers if name != "Authorization"}
    path, _, query = url.partition("?")
    path, values = template(schema, path)
    operation = schema["paths"][path][method.lower()]
    groups = {"path": values, "query": query and typed(operation, query), "header": headers}
    lines = [f"params: {json.dumps({name: group for name, group in groups.items() if group})},"]
    # If the server refuses the fields, so does the compiler.
    lines += ["// @ts-expect-error"] * (status == 400) + [f"body: {json.dumps(body)},"] * (body is not None)
    call = f"client.{method}({json.dumps(path)}, {{\n" + "\n".join(lines) + "\n})"
    answer = f"const shown: NonNullable<typeof data> = {json.dumps(shown)};" if status < 300 else ""
    return f"export async function sample{number}() {{\nconst {{ data }} = await {call};\n{answer}\nreturn data;\n}}\n"


def test_the_calls_of_the_readme_and_others_compile_strictly(client):
    schema = json.loads((client / "schema.json").read_text())
    calls = [(call, answer) for _, call, answer in samples()]
    calls += [((method, path, {}, body), (status, shown)) for method, path, body, status, shown in MORE]
    functions = [source(schema, number, *each) for number, each in enumerate(calls)]
    (client / "readme.ts").write_text(HEAD + "".join(functions))

    assert len(functions) > 15
    run(client, *TSC, *DOM, "readme.ts")


def test_a_boolean_filter_is_a_boolean(client):
    call = 'client.GET("/api/accounts/users/", { params: { query: { is_active: false } } });'
    call += 'client.GET("/api/products/", { params: { query: { in_stock: true } } });'
    (client / "booleans.ts").write_text(HEAD + call)

    run(client, *TSC, *DOM, "booleans.ts")


@contextlib.contextmanager
def origin_of(folder):
    """Serve a folder as `python3 -m http.server` does, and yield its origin."""
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=folder)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://localhost:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


def test_the_page_in_the_docs_says_what_is_shown_although_an_answer_is_lost(client, new_server):
    [sample], [shown], [commands] = (blocks("TypeScript", kind) for kind in ("ts", "text", "sh"))
    [compile_it] = re.findall(r"^npx tsc (.*) shop\.ts$", commands, re.MULTILINE)
    [page] = re.findall(r"`(<pre .*</script>)`", PARTS["TypeScript"])
    with origin_of(client) as origin, shop(new_server, origin) as (server, proxy):
        server.create_product(quantity=2000)
        server.create_product(name="Red bat")
        (client / "index.html").write_text(page)
        (client / "shop.ts").write_text(sample.replace(HERE, f"http://127.0.0.1:{proxy.server_port}"))
        run(client, "npx", "--no-install", "tsc", *compile_it.split(), "shop.ts")
        with browser() as chromium:
            tab = chromium.new_page()
            tab.goto(origin)
            tab.wait_for_function(
                "text => document.querySelector('#day').textContent === text", arg=shown, timeout=WAIT * 1000
            )

        assert_one_order_was_placed(server, proxy)
