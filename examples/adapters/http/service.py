"""The adapter protocol over HTTP, for the client of ../python/adapter.py. Put yours in its place.

    python service.py 8090
    klarna-conformance client --http http://127.0.0.1:8090/conformance

Never deploy such a handler to production: its callers choose the server, and what is refunded.
"""

import json
import sys
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx

sys.path.append(str(Path(__file__).parents[1] / "python"))
from adapter import PATHS, execute

CLIENTS: dict[str, httpx.Client] = {}


def answer(message: dict) -> dict:
    """Answers a hello or a command. Each session has a client, so that there can be several."""
    if "hello" in message:
        hello, session = message["hello"], str(uuid.uuid4())
        auth = (hello["username"], hello["password"])
        CLIENTS[session] = httpx.Client(
            base_url=hello["base_url"], auth=auth, timeout=hello["timeout_s"]
        )
        return {"ready": {"client": "example 1.0", "operations": list(PATHS), "session": session}}
    operation, outcome = message["operation"], {"outcome": "unsupported"}
    if operation in PATHS:
        client = CLIENTS[message["session"]]
        outcome = execute(client, operation, message["order_id"], message["arguments"])
    return {"id": message["id"], **outcome}


class Conformance(BaseHTTPRequestHandler):
    """One JSON document in the request, and one in the response."""

    def do_POST(self) -> None:
        """Answers 500 if the client raises: it has crashed."""
        message = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        try:
            status, answered = 200, answer(message)
        except Exception as error:
            status, answered = 500, {"error": repr(error)}
        body = json.dumps(answered).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


if __name__ == "__main__":
    ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Conformance).serve_forever()
