"""`init`: the first files of a project."""

import json
import shlex
import sys
from pathlib import Path
from urllib.parse import urlsplit

import click

from klarna_conformance import defaults
from klarna_conformance.cli.defaults_file import DEFAULTS_FILE

__all__ = ["init"]

_TARGET = "sandbox.yaml"
_PACKAGE = "klarna-conformance"
_CI = {"github": Path(".github/workflows/klarna.yaml"), "gitlab": Path("klarna.gitlab-ci.yml")}
_ORDERS = {
    "pool": "{provisioner: pool, file: orders.yaml}",
    "http": '{provisioner: http, url: "${ORDERS_URL}"}',
    "command": "{provisioner: command, command: [python, make_orders.py]}",
    "customer_token": '{provisioner: customer_token, token: "${KLARNA_TOKEN}", market: SE}',
}
_POOL = f"""\
# Existing orders. `klarna-conformance plan {_TARGET} --orders` lists the required ones.
orders: []
"""


@click.command()
@click.option("--server", help="URL of the server, or the name of a playground.")
@click.option("--orders", type=click.Choice(list(_ORDERS)), help="Where orders come from.")
@click.option("--ci", type=click.Choice([*_CI, "none"]), help="The system that runs it nightly.")
@click.option(
    "--install",
    metavar="PACKAGE",
    default=_PACKAGE,
    show_default=True,
    help="What the CI job installs with pip: a name, a version, a folder or git+URL.",
)
def init(server: str | None, orders: str | None, ci: str | None, install: str) -> None:
    """Write a target file, a CI job and a defaults file in this folder.

    Asks for what the options do not give, on a terminal. Existing files are never overwritten.
    Without other answers, the files test the mock at http://127.0.0.1:8080.
    """
    from klarna_conformance.errors import UsageError
    from klarna_conformance.http.hosts import check_host, host_of, is_loopback, presets
    from klarna_conformance.target.chosen_profile import profile_of
    from klarna_specs.spec import ProfileFacts

    if None in (server, orders, ci) and not sys.stdin.isatty():
        raise UsageError("there is no terminal to ask on; give --server, --orders and --ci")
    server = server or click.prompt(
        "Server (URL, or a playground such as playground-eu)", default="http://127.0.0.1:8080"
    )
    base_url = presets(ProfileFacts()).get(server, server)
    check_host(base_url, ProfileFacts())
    local = is_loopback(host_of(base_url))
    orders = orders or _chosen("Orders", [*_ORDERS], "http" if local else "pool")
    ci = ci or _chosen("CI", [*_CI, "none"], _found_ci())
    written = {
        Path(_TARGET): _target(base_url, profile_of(server), orders, local=local),
        Path(DEFAULTS_FILE): _starter("defaults.toml"),
    }
    if orders == "pool":
        written[Path("orders.yaml")] = _POOL
    if ci != "none":
        installs = f"pip install {_PACKAGE}\n"
        job = _starter(f"{ci}.yaml")
        written[_CI[ci]] = job.replace(installs, f"pip install {shlex.quote(install)}\n")
    _write(written)
    click.echo(f"Wrote {', '.join(map(str, written))}.\n\nNext:")
    for step in _next_steps(base_url, orders, ci, local=local):
        click.echo(f"  {step}")
    if ci != "none" and install == _PACKAGE:
        click.echo(
            f"  until the package index has a release: write a checkout or git+URL in {_CI[ci]}"
            " (pip install ...)"
        )


def _chosen(question: str, choices: list[str], default: str) -> str:
    return click.prompt(question, type=click.Choice(choices), default=default)


def _found_ci() -> str:
    return (
        "github"
        if Path(".github").is_dir()
        else "gitlab"
        if Path(".gitlab-ci.yml").exists()
        else "none"
    )


def _starter(name: str) -> str:
    return (Path(__file__).parent / "starters" / name).read_text("utf-8")


def _target(base_url: str, profile: str, orders: str, *, local: bool) -> str:
    from klarna_specs.profiles import DEFAULT_PROFILE

    provided = _ORDERS[orders]
    if local:  # the mock makes orders itself
        provided = provided.replace("${ORDERS_URL}", f"{base_url.rstrip('/')}/_control/orders")
    lines = {
        "name": json.dumps(urlsplit(base_url).netloc),
        "base_url": json.dumps(base_url),
        "credentials": '{username: "${KLARNA_USERNAME}", password: "${KLARNA_PASSWORD}"}',
        "orders": provided,
        "limits": f"{{{'' if local else 'rate: 20/s, '}concurrency: 8, timeout: 30s}}",
    }
    if profile != DEFAULT_PROFILE:
        lines["profile"] = profile
    return "".join(f"{name}: {value}\n" for name, value in lines.items())


def _write(written: dict[Path, str]) -> None:
    """Writes all of these files, or none; raises UsageError."""
    from klarna_conformance.errors import UsageError, cannot_write

    if existing := [str(path) for path in written if path.exists()]:
        raise UsageError(f"already there: {', '.join(existing)}; nothing was written")
    for path, text in written.items():
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("x", encoding="utf-8") as file:
                file.write(text)
        except OSError as exc:
            raise UsageError(cannot_write(path, exc)) from exc


def _next_steps(base_url: str, orders: str, ci: str, *, local: bool) -> list[str]:
    steps: list[str] = []
    if local:
        port = urlsplit(base_url).port or 80
        own = f"KLARNA_USERNAME={defaults.USERNAME} KLARNA_PASSWORD={defaults.PASSWORD}"
        steps += [
            f"klarna-conformance mock --port {port}  # in another terminal, or start your server",
            f"export {own}  # those of the mock",
        ]
    else:
        steps.append("export KLARNA_USERNAME=... KLARNA_PASSWORD=...")
    if orders == "pool":
        steps.append(f"klarna-conformance plan {_TARGET} --orders  # then list them in orders.yaml")
    elif orders == "command":
        steps.append("write make_orders.py, which makes the orders (docs/target-file.md)")
    elif orders == "customer_token":
        steps.append(f"export KLARNA_TOKEN=...  # and name its market in {_TARGET}")
    elif not local:
        steps.append(
            "export ORDERS_URL=...  # the web service that makes orders (docs/target-file.md)"
        )
    steps += [f"klarna-conformance doctor {_TARGET}", f"klarna-conformance run {_TARGET}"]
    if ci == "gitlab":
        steps.append(f"add to .gitlab-ci.yml: include: [{{local: {_CI[ci]}}}]")
    if ci != "none":
        steps.append("store KLARNA_USERNAME and KLARNA_PASSWORD as secrets of the CI")
    return steps
