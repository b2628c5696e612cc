"""The admin site without a browser: its forms and cookies, as calls that can run in parallel."""

import re
from http.cookies import SimpleCookie
from urllib.parse import urlencode

from .server import ADMIN, PASSWORD

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
BOUNDARY = "a-boundary-of-the-live-tests"


class AdminSite:
    """An Admin who is logged in."""

    def __init__(self, server, username=ADMIN):
        self.server, self.cookies = server, SimpleCookie()
        login = self.hidden_inputs("/admin/login/") | {"username": username, "password": PASSWORD}
        assert self.keep_cookies(server.call(*self.form("/admin/login/", login))).status == 302

    def keep_cookies(self, answer):
        for header in answer.headers.get_all("Set-Cookie", []):
            self.cookies.load(header)
        return answer

    @property
    def headers(self):
        return {"Cookie": "; ".join(f"{name}={cookie.value}" for name, cookie in self.cookies.items())}

    def get(self, path):
        return self.keep_cookies(self.server.call("GET", path, headers=self.headers)).body

    def hidden_inputs(self, path):
        """Return the hidden inputs of the page, which a browser submits with its form."""
        return dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', self.get(path)))

    def form(self, path, fields):
        """Return the call that submits a form."""
        return "POST", path, urlencode(fields).encode(), None, self.headers | FORM

    def upload(self, path, fields, file):
        """Return the call that submits a form with a CSV file."""
        parts = [f'name="{name}"\r\n\r\n{value}' for name, value in fields.items()]
        parts += [f'name="file"; filename="products.csv"\r\nContent-Type: text/csv\r\n\r\n{file}']
        body = "".join(f"--{BOUNDARY}\r\nContent-Disposition: form-data; {part}\r\n" for part in parts)
        content_type = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}
        return "POST", path, f"{body}--{BOUNDARY}--\r\n".encode(), None, self.headers | content_type
