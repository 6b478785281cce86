"""Wrong adapters, and adapters of wrong clients: `python odd_adapter.py KIND`.

The reference client does everything that KIND does not change.
"""

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import httpx
import msgspec

from klarna_conformance.adapter_protocol import Hello
from klarna_conformance.wrong.reference import Errand, ReferenceClient
from klarna_specs.client.requirements import client_operations
from klarna_specs.loader import load

OPERATIONS = client_operations(load())

KIND, *MORE = sys.argv[1:]
HOSTILE = "<script>alert(1)</script>\x1b[31m\n::error::owned"


def write(raw: bytes) -> None:
    sys.stdout.buffer.write(raw)
    sys.stdout.flush()


def say(line: object) -> None:
    write(json.dumps(line).encode() + b"\n")


class Client(ReferenceClient):
    commands = 0

    def send(self, errand: Errand, attempt: int) -> httpx.Response:
        try:
            return super().send(errand, attempt)
        except httpx.TransportError:
            self.on_failure()
            raise

    def on_failure(self) -> None:
        match KIND:
            case "breaks down":
                raise RuntimeError("the network is not what it was")
            case "breaks down with secrets":
                raise RuntimeError(f"sent with {self.hello.username}:{self.hello.password}")
            case "hangs":
                time.sleep(600)
            case "prints when it fails":
                write(b"Warning: connection lost in client.php on line 7\n")


def greeted() -> Hello:
    match KIND:
        case "ends at once":
            sys.exit("no such setting: KLARNA_REGION")
        case "garbage":
            write(b"Starting acme client 1.2 ...\n")
        case "not UTF-8":
            write(b"\xff\xfe\n")
        case "endless line":
            write(b"x" * 2_000_000)
        case "never ready":
            print("waiting for the database", file=sys.stderr, flush=True)
            time.sleep(600)
        case "leaves a process":
            child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
            Path(MORE[0]).write_text(str(child.pid))
        case "writes its process id":
            with Path(MORE[0]).open("a") as pids:
                pids.write(f"{os.getpid()}\n")
    return Hello(**json.loads(sys.stdin.readline())["hello"])


def ready() -> object:
    match KIND:
        case "no operations":
            return {"ready": {"client": "acme"}}
        case "unknown operation":
            return {"ready": {"client": "acme", "operations": ["refundOrder", "refund"]}}
        case "another protocol":
            return {"status": "ok"}
        case "hostile":
            return {"ready": {"client": f"acme {HOSTILE}", "operations": OPERATIONS}}
        case _:
            return {"ready": {"client": "acme", "operations": OPERATIONS}}


def outcome(client: Client, command: dict[str, Any]) -> dict[str, Any]:
    known = command["operation"] in OPERATIONS
    match KIND:
        case "has nulls" if known:
            return {"outcome": "refused", "error_code": None, "error_messages": None}
        case "supports everything" if not known:
            return {"outcome": "done"}
        case "supports nothing" if known:
            return {"outcome": "unsupported"}
        case "sends nothing" if known:
            return {"outcome": "done"}
        case "sends nothing and does not know" if known:
            return {"outcome": "unknown"}
        case "sends nothing after 60 commands" if known and client.commands > 60:
            return {"outcome": "unknown"}
        case "sends elsewhere" if known:
            client.http.base_url = "http://127.0.0.1:9"
        case "no such outcome" if known:
            return {"outcome": "success"}
        case "another type" if known:
            return {"outcome": "done", "refund_id": 7}
        case "another id" if known:
            return {"outcome": "done", "id": command["id"] + 1}
        case "hostile" if known:
            client.do(command["operation"], command["order_id"], command["arguments"])
            return {"outcome": "refused", "error_code": HOSTILE, "error_messages": [HOSTILE]}
        case "reports secrets" if known:
            client.do(command["operation"], command["order_id"], command["arguments"])
            secret = f"{client.hello.username}:{client.hello.password}"
            return {"outcome": "refused", "error_messages": [secret], "correlation_id": secret}
        case "prints secrets" if known:
            write(f"DEBUG {client.hello.password}\n".encode())
        case "prints more" if known:
            write(b"DEBUG sending a refund\n")
        case "floods stdout" if known:
            write(b'{"id": 0}\n' * 1_000_000)
        case "floods stderr":
            sys.stderr.write("DEBUG sending something\n" * 200_000)
            sys.stderr.flush()
        case "ends when it is to work" if known:
            sys.exit(4)
        case _:
            pass
    return msgspec.to_builtins(
        client.do(command["operation"], command["order_id"], command["arguments"])
    )


def main() -> None:
    client = Client(greeted())
    say(ready())
    for line in sys.stdin:
        command = json.loads(line)
        client.commands += 1
        answer = outcome(client, command)
        say({"id": command["id"], **answer})
        if KIND == "answers twice":
            say({"id": command["id"], **answer})


if __name__ == "__main__":
    main()
