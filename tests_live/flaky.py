"""A failing proxy: it loses an order's first answer, then answers 503 itself, then spoils the token."""

import contextlib
import http.client
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

CORS = [("Access-Control-Allow-Origin", "*"), ("Access-Control-Expose-Headers", "Retry-After")]


class Handler(BaseHTTPRequestHandler):
    def handle_one(self):
        self.body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if (self.command, self.path) != ("POST", "/api/orders/"):
            return self.answer(*self.forward())
        tries = len(self.server.orders)
        if tries == 2:
            self.headers.replace_header("Authorization", "Bearer expired")
        answer = (503, [("Retry-After", "1"), *CORS], b"") if tries == 1 else self.forward()
        self.server.orders.append(answer[0])
        return self.answer(*answer) if tries else None

    do_GET = do_POST = do_OPTIONS = handle_one  # noqa: N815 (names of http.server)

    def forward(self):
        with contextlib.closing(http.client.HTTPConnection("127.0.0.1", self.server.upstream)) as connection:
            connection.request(self.command, self.path, self.body, dict(self.headers))
            answer = connection.getresponse()
            return answer.status, answer.getheaders(), answer.read()

    def answer(self, status, headers, content):
        self.send_response_only(status)
        for name, value in headers:
            if name.lower() not in ("connection", "content-length", "transfer-encoding"):
                self.send_header(name, value)
        if status != 304:
            self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *args):
        """Say nothing."""


@contextlib.contextmanager
def flaky(port):
    """Yield a proxy to a port. Its `orders` are the statuses of the calls that place an order."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as proxy:
        proxy.upstream, proxy.orders = port, []
        thread = threading.Thread(target=proxy.serve_forever)
        thread.start()
        try:
            yield proxy
        finally:
            proxy.shutdown()
            thread.join()
