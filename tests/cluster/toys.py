"""Toy webhooks: servers that answer an AdmissionReview as the test tells them, with a certificate given or of their own."""

from __future__ import annotations

import base64
import json
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple

from proxy.injector.certificates import Lifetimes, Pair, make_ca, make_leaf
from tests.cluster.client import Json

#: request of the review -> status and body
Behaviour = Callable[[Json], tuple[int, bytes]]


class Toy(NamedTuple):
    """`asked`: the requests that came, in order."""

    port: int
    authority: bytes
    asked: list[Json]


def answered(request: Json, **response: Any) -> tuple[int, bytes]:
    whole = {"uid": request["uid"], "allowed": True} | response
    return 200, json.dumps({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "response": whole}).encode()


def patched(request: Json, operations: list[Json]) -> tuple[int, bytes]:
    return answered(request, patchType="JSONPatch", patch=base64.b64encode(json.dumps(operations).encode()).decode())


@contextmanager
def toy(behaviour: Behaviour, folder: Path, leaf: Pair | None = None) -> Iterator[Toy]:
    """Serves on a loopback port. `leaf`: another's certificate and key; else one for 127.0.0.1 of the toy's own authority."""
    ca = make_ca(datetime.now(UTC), Lifetimes())
    pair = leaf or make_leaf(ca, ("127.0.0.1",), datetime.now(UTC), Lifetimes())
    asked: list[Json] = []
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler(behaviour, asked))
    server.socket = context(pair, folder).wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield Toy(server.server_port, ca.certificate, asked)
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def handler(behaviour: Behaviour, asked: list[Json]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["request"]
            asked.append(request)
            status, body = behaviour(request)
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *arguments: Any) -> None:
            """A test says itself what it needs to know."""

    return Handler


def context(pair: Pair, folder: Path) -> ssl.SSLContext:
    certificate, key = folder / "toy.crt", folder / "toy.key"
    certificate.write_bytes(pair.certificate)
    key.write_bytes(pair.key)
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.load_cert_chain(certificate, key)
    return made


def configuration(name: str, served: Toy, namespace: str) -> Json:
    """A MutatingWebhookConfiguration for the pods of one namespace. Webhooks are called in the order of their names."""
    webhook = {
        "name": f"{name}.example.com",
        "clientConfig": {
            "url": f"https://127.0.0.1:{served.port}/mutate",
            "caBundle": base64.b64encode(served.authority).decode(),
        },
        "rules": [{"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["pods"]}],
        "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": namespace}},
        "admissionReviewVersions": ["v1"],
        "sideEffects": "None",
        "failurePolicy": "Fail",
        "reinvocationPolicy": "IfNeeded",
    }
    return {"metadata": {"name": name}, "webhooks": [webhook]}
