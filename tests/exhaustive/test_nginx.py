"""A run over what stands in front of real systems: nginx with TLS, HTTP/2, certificates, limits."""

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import trustme

from klarna_conformance import defaults
from klarna_conformance.http.rate_limit import RateLimiter
from klarna_conformance.http.wire import Tls, Wire
from klarna_conformance.plan.planning import make_plan
from klarna_specs.goals import Scope
from klarna_specs.scenario import Scenario

from ..conformance.conftest import Serve
from ..conformance.mutant_servers import spec
from ..conformance.runs import run_on

NGINX = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin")
SCOPE = Scope(operations=("cancelOrder",), markets=("SE",))

CONFIGURATION = """
daemon off;
pid nginx.pid;
error_log error.log;
worker_processes 1;
events {{ worker_connections 256; }}
http {{
    log_format seen '$server_protocol $status $ssl_client_verify $uri';
    access_log access.log seen;
    client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path fastcgi;
    uwsgi_temp_path uwsgi; scgi_temp_path scgi;
    gzip on; gzip_min_length 1; gzip_types *; gzip_proxied any;
    limit_req_zone $server_port zone=few:1m rate=40r/s;
    limit_req_status 429;
    keepalive_requests 100;
    server {{
        listen 127.0.0.1:{port} ssl http2;
        ssl_certificate server.pem;
        ssl_certificate_key server.pem;
        ssl_client_certificate ca.pem;
        ssl_verify_client on;
        proxy_pass_request_headers on;
        proxy_set_header Host $http_host;
        proxy_set_header X-Forwarded-Proto https;
        location / {{
            auth_basic "orders";
            auth_basic_user_file users;
            proxy_pass {upstream};
        }}
        location ~ /cancel$ {{
            limit_req zone=few burst=1 nodelay;
            auth_basic "orders";
            auth_basic_user_file users;
            proxy_pass {upstream};
        }}
        location /_control/ {{ proxy_pass {upstream}; }}
    }}
}}
"""


@dataclass(frozen=True)
class Front:
    """An nginx in front of a mock, and the files of a client that it lets in."""

    base_url: str
    folder: Path

    def wire(self, *, http2: bool = True) -> Wire:
        tls = Tls(ca=self.folder / "ca.pem", certificate=self.folder / "client.pem")
        return Wire(tls=tls, http2=http2)

    @property
    def seen(self) -> list[list[str]]:
        """Of each request its protocol, status, whether its certificate was good, and its path."""
        return [line.split() for line in (self.folder / "access.log").read_text().splitlines()]


@pytest.fixture(scope="module")
def front(serve_mock: Serve, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Front]:
    if NGINX is None:
        if os.environ.get("CI"):
            pytest.fail("nginx has to be there in CI: apt-get install nginx")
        pytest.skip("there is no nginx: apt-get install nginx")
    folder = tmp_path_factory.mktemp("nginx")
    port = _free_port()
    _write_files(folder, port, serve_mock().base_url)
    command = [NGINX, "-p", str(folder), "-c", "nginx.conf", "-e", "error.log"]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as process:
        try:
            _wait_for(port, process)
            yield Front(f"https://127.0.0.1:{port}", folder)
        finally:
            process.terminate()


def _write_files(folder: Path, port: int, upstream: str) -> None:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(folder / "ca.pem"))
    for name in ("server", "client"):
        issued = authority.issue_cert("127.0.0.1")
        issued.private_key_and_cert_chain_pem.write_to_path(str(folder / f"{name}.pem"))
    user = f"{defaults.USERNAME}:{{PLAIN}}{defaults.PASSWORD}\n"
    (folder / "users").write_text(user)
    folder.chmod(0o755)
    text = CONFIGURATION.format(port=port, upstream=upstream)
    if os.geteuid() == 0:
        text = "user root;\n" + text
    (folder / "nginx.conf").write_text(text)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return free.getsockname()[1]


def _wait_for(port: int, process: "subprocess.Popen[bytes]") -> None:
    until_s = time.monotonic() + 20
    while process.poll() is None and time.monotonic() < until_s:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            continue
        return
    pytest.fail("nginx does not listen")


@pytest.fixture(scope="module")
def scenarios() -> tuple[Scenario, ...]:
    return make_plan(spec(), scope=SCOPE, seed=1, examples=0, dry_run=False).scenarios


@pytest.mark.parametrize(("http2", "protocol"), [(True, "HTTP/2.0"), (False, "HTTP/1.1")])
def test_a_run_over_nginx_is_conformant_and_waits_where_nginx_requires_it(
    http2: bool, protocol: str, front: Front, scenarios: tuple[Scenario, ...], tmp_path: Path
) -> None:
    before = len(front.seen)
    summary = run_on(
        front.base_url,
        tmp_path,
        scenarios,
        scope=SCOPE,
        limiter=RateLimiter(),
        wire=lambda: front.wire(http2=http2),
    )
    seen = front.seen[before:]

    assert (summary.verdict, summary.findings, summary.flaky) == ("CONFORMANT", (), 0)
    assert {line[0] for line in seen} == {protocol}
    assert {line[2] for line in seen} == {"SUCCESS"}
    assert "429" in {line[1] for line in seen}


def test_credentials_that_nginx_requires_are_not_in_the_record(
    front: Front, scenarios: tuple[Scenario, ...], tmp_path: Path
) -> None:
    run_on(front.base_url, tmp_path, scenarios[:3], limiter=RateLimiter(), wire=front.wire)
    written = "".join(path.read_text() for path in tmp_path.iterdir() if path.is_file())

    assert [s for s in (defaults.USERNAME, defaults.PASSWORD) if s in written] == []


def test_without_its_certificate_a_client_is_not_let_in(
    front: Front, scenarios: tuple[Scenario, ...], tmp_path: Path
) -> None:
    tls = Tls(ca=front.folder / "ca.pem")
    summary = run_on(front.base_url, tmp_path, scenarios[:2], wire=lambda: Wire(tls=tls))

    assert (summary.exit_code, summary.errors) == (4, ())
