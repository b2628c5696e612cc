"""Static files, served from the installed packages: nothing has to be collected.

In production, they are compressed, and browsers keep them for a year. Their URLs contain a version, such as
`/static/1f5c0d9e8b7a/orders/list.css`: a hash of all static files together. So the version is also in what a stylesheet
refers to by a relative URL, and a change to any file gives every file a new URL. A node of another version serves its
own file, which browsers then check at each use.
"""

import gzip
import re
from functools import cache, cached_property
from hashlib import sha256
from http import HTTPStatus
from io import BytesIO
from pathlib import Path
from wsgiref.headers import Headers

from django.conf import settings
from django.contrib.staticfiles import storage
from django.contrib.staticfiles.finders import get_finders
from whitenoise import middleware, responders
from whitenoise.compress import Compressor

VERSION_LENGTH = 12
OWN_VERSION, OTHER_VERSION = f"max-age={365 * 24 * 3600}, public, immutable", "no-cache"
# Not if it is refused with `gzip;q=0`.
GZIP = re.compile(r"\bgzip\b(?!\s*;\s*q=0(\.0*)?\s*(,|$))")
is_compressible = Compressor(quiet=True).should_compress


@cache
def version():
    """Return the version of the static files: hashing them takes 0.05 s, when the first page is rendered."""
    files = {}
    for finder in get_finders():
        for name, source in finder.list(None):
            files.setdefault(name, source.path(name))  # as in WhiteNoise, the first one counts
    digest = sha256()
    for name in sorted(files):
        content = Path(files[name]).read_bytes()
        digest.update(f"{name}:{len(content)}:".encode())
        digest.update(content)
    return digest.hexdigest()[:VERSION_LENGTH]


class StaticFilesStorage(storage.StaticFilesStorage):
    def url(self, name):
        return super().url(name if settings.DEBUG else f"{version()}/{name}")


class StaticFilesMiddleware(middleware.WhiteNoiseMiddleware):
    """WhiteNoise, which serves the files with and without a version."""

    def __init__(self, get_response):
        super().__init__(get_response)
        self.versioned = re.compile(f"{re.escape(self.static_prefix)}([0-9a-f]{{{VERSION_LENGTH}}})/")

    def __call__(self, request):
        match = self.versioned.match(request.path_info)
        static_file = match and self.files.get(self.static_prefix + request.path_info[match.end() :])
        if not static_file:
            return super().__call__(request)
        response = self.serve(static_file, request)
        if response.status_code < 400:
            response.headers["Cache-Control"] = OWN_VERSION if match[1] == version() else OTHER_VERSION
        return response

    def get_static_file(self, path, url, stat_cache=None):
        headers = Headers([])
        self.add_mime_headers(headers, path, url)
        self.add_cache_headers(headers, path, url)
        # In development, the files are looked up again for each request.
        is_compressed = is_compressible(path) and not self.autorefresh
        return (CompressedFile if is_compressed else responders.StaticFile)(path, headers.items(), None, stat_cache)

    def immutable_file_test(self, path, url):
        return False


class CompressedFile(responders.StaticFile):
    """A file that is compressed when it is first sent, and then kept in memory."""

    def get_headers(self, headers_list, files):
        headers = super().get_headers(headers_list, files)
        headers["Vary"] = "Accept-Encoding"
        # Weak, because it stands for both forms.
        headers["ETag"] = f"W/{headers['ETag']}"
        return headers

    @cached_property
    def compressed(self):
        [(_, path, _)] = self.alternatives
        return gzip.compress(Path(path).read_bytes(), mtime=0)

    def get_response(self, method, request_headers):
        response = super().get_response(method, request_headers)
        if response.status != HTTPStatus.OK or not GZIP.search(request_headers.get("HTTP_ACCEPT_ENCODING", "")):
            return response
        headers = dict(response.headers) | {
            "Content-Length": str(len(self.compressed)),
            "Content-Encoding": "gzip",
        }
        if response.file is None:  # HEAD
            return responders.Response(HTTPStatus.OK, list(headers.items()), None)
        response.file.close()
        return responders.Response(HTTPStatus.OK, list(headers.items()), BytesIO(self.compressed))
