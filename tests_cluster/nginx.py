"""nginx with deploy/nginx.conf, on free ports."""

import os
import re
import shutil
import signal
import ssl
import subprocess

from tests_live.server import ROOT, WAIT, eventually, free_port

# Debian installs it in a folder that is not on everybody's PATH.
PROGRAM = shutil.which("nginx") or "/usr/sbin/nginx"
MAIN_CONF = """
daemon off;
pid {folder}/pid;
error_log {folder}/error.log warn;
worker_processes 2;
{user}
events {{}}
http {{
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    include {folder}/site.conf;
}}
"""


class Nginx:
    """`with Nginx(...)` runs deploy/nginx.conf of a version of the project, with replaced addresses and paths."""

    def __init__(self, folder, nodes, project):
        self.folder, self.project = folder, project
        self.port, self.tls_port = free_port(), free_port()
        self.replaced = {
            "10.0.0.1:8000": f"127.0.0.1:{nodes[0].port}",
            "10.0.0.2:8000": f"127.0.0.1:{nodes[1].port}",
            "listen 80;": f"listen 127.0.0.1:{self.port};",
            "listen 443 ssl;": f"listen 127.0.0.1:{self.tls_port} ssl;",
            "/etc/ssl/certs/shop.example.pem": f"{folder}/certificate.pem",
            "/etc/ssl/private/shop.example.key": f"{folder}/certificate.key",
            "/var/log/nginx/order-management.log": f"{folder}/access.log",
            "/etc/nginx/drained/": f"{folder}/drained/",
            '# "https://pages.example" $http_origin;': '"https://pages.example" $http_origin;',
        }

    def configure(self):
        site = (self.project / "deploy/nginx.conf").read_text()
        for old, new in self.replaced.items():
            assert old in site or self.project != ROOT, f"deploy/nginx.conf no longer contains {old}: update the tests."
            site = site.replace(old, new)
        assert not re.search(r"/etc/|/var/|10\.0\.", re.sub("#.*", "", site)), "A path or an address was not replaced."
        (self.folder / "site.conf").write_text(site)
        user = "user root;" if os.geteuid() == 0 else ""
        (self.folder / "nginx.conf").write_text(MAIN_CONF.format(folder=self.folder, user=user))

    def make_certificate(self):
        names = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"]
        files = ["-keyout", self.folder / "certificate.key", "-out", self.folder / "certificate.pem"]
        command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", *names, *files]
        subprocess.run(command, check=True, capture_output=True, timeout=WAIT)

    @property
    def trust(self):
        return ssl.create_default_context(cafile=self.folder / "certificate.pem")

    def __enter__(self):
        (self.folder / "drained").mkdir()
        self.make_certificate()
        self.configure()
        self.start()
        return self

    def start(self):
        command = [PROGRAM, "-c", self.folder / "nginx.conf", "-p", self.folder, "-e", self.folder / "error.log"]
        self.process = subprocess.Popen(command)
        eventually((self.folder / "pid").exists)

    def __exit__(self, *error):
        self.process.send_signal(signal.SIGQUIT)
        try:
            self.process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            self.process.terminate()
            self.process.wait(timeout=WAIT)

    def reload(self, project):
        """Use the configuration of another version of the project."""
        self.project = project
        self.configure()
        self.process.send_signal(signal.SIGHUP)

    @property
    def drained(self):
        return self.folder / "drained"

    def output(self, name):
        return (self.folder / f"{name}.log").read_text(errors="replace")
