"""Clouds as a sidecar sees them: places on loopback that hand out tokens and keys, an environment that leads to them, providers.

The places are those that the tests of credentials use, and the providers say the words of their dialects.
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from time import time
from typing import Any, NamedTuple
from unittest.mock import patch

import pytest
from botocore.auth import SigV4Auth  # type: ignore[import-untyped]
from botocore.awsrequest import AWSRequest  # type: ignore[import-untyped]
from botocore.credentials import Credentials  # type: ignore[import-untyped]

from proxy.config import load
from proxy.signing.sigv4 import AwsKeys
from tests.promises import sidecars
from tests.promises.caller import Answer, get
from tests.promises.dialects import WIRES
from tests.promises.sidecars import InLoop
from tests.promises.upstream import Asked
from tests.upstream.credentials import aws_places
from tests.upstream.credentials.token_server import TokenServer

REGION = "us-east-1"
#: Beginnings of the variables by which clouds speak to those who run in them.
OF_CLOUDS = ("AWS_", "AZURE_", "GOOGLE_", "GCE_", "GCLOUD_", "CLOUD", "IDENTITY_", "ANTHROPIC_", "OPENAI_", "VERTEX_")
#: Secrets of whatever cloud have this in them, and nothing else has.
CANARY = "canary"
#: Seconds by which clocks may differ: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-troubleshooting.html.
SKEW = 300


class Ground(NamedTuple):
    """Where a test's cloud stands: its server, a folder for its files, and the environment of the sidecar."""

    server: TokenServer
    folder: Path
    environ: pytest.MonkeyPatch

    def set(self, variables: Mapping[str, str]) -> None:
        for name, value in variables.items():
            self.environ.setenv(name, value)

    def write(self, name: str, text: str) -> str:
        path = self.folder / name
        path.write_text(text, "utf-8")
        return str(path)


@asynccontextmanager
async def ground(folder: Path, environ: pytest.MonkeyPatch) -> AsyncIterator[Ground]:
    """No cloud at all to begin with. The sidecars of the test read its environment, keys in variables included."""
    for name in [name for name in os.environ if name.startswith(OF_CLOUDS)]:
        environ.delenv(name)
    environ.setenv("HOME", str(folder))
    environ.setattr(aws_places, "NOW", time())
    environ.setattr(sidecars, "load", lambda path, _: load(path, os.environ))
    server = TokenServer()
    await server.start()
    try:
        yield Ground(server, folder, environ)
    finally:
        await server.close()


class Home(NamedTuple):
    """A kind of provider: what its base_url has behind the address, its options, and the dialect of its answers."""

    base: str
    options: Mapping[str, str]
    wire: str


VERTEX = {"project": "p", "location": "global"}
HOMES: Mapping[str, Home] = {
    "bedrock": Home("", {"region": REGION}, "bedrock"),
    "bedrock_openai": Home("/openai/v1", {"region": REGION}, "openai"),
    "vertex": Home("", VERTEX, "gemini"),
    "vertex_anthropic": Home("", VERTEX, "anthropic"),
    "vertex_openai": Home("", VERTEX, "openai"),
    "azure_openai": Home("/openai/v1", {}, "openai"),
    "azure_deployments": Home("", {"api_version": "2024-10-21"}, "openai"),
    "azure_foundry": Home("", {"api_version": "2024-05-01-preview"}, "openai"),
    "azure_anthropic": Home("/anthropic", {}, "anthropic"),
}


def entry(kind: str, url: str, options: Mapping[str, str] | None = None, **more: Any) -> dict[str, Any]:
    home = HOMES[kind]
    return {"kind": kind, "base_url": url + home.base, "options": {**home.options, **(options or {})}, **more}


def speaking(kind: str) -> Callable[[Asked], None]:
    """A provider of this kind that answers `one two`, in a stream where it is asked for one."""
    wire = WIRES[HOMES[kind].wire]

    def answer(asked: Asked) -> None:
        if "stream" in asked.line.lower() or b'"stream":true' in asked.body:
            asked.link.stream(wire.stream(["one", " two"]).data, wire.content_type)
        else:
            asked.link.whole(wire.reply("one two"))

    return answer


def signed_by(asked: Asked, keys: AwsKeys, service: str = "bedrock") -> bool:
    """Whether AWS's own signer makes the same signature of what has arrived, at a time that AWS would take for now."""
    method, target, _ = asked.line.split(" ")
    said = asked.headers["authorization"]
    names = said.partition("SignedHeaders=")[2].partition(",")[0].split(";")
    added = {"host", "x-amz-date", "x-amz-security-token"}
    headers = {name: asked.headers[name] for name in names if name not in added}
    request = AWSRequest(method, f"http://{asked.headers['host']}{target}", headers=headers, data=asked.body)
    moment = datetime.strptime(asked.headers["x-amz-date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    if abs(moment.timestamp() - time()) > SKEW:
        return False
    with patch("botocore.auth.get_current_datetime", return_value=moment.replace(tzinfo=None)):
        SigV4Auth(Credentials(*keys), service, REGION).add_auth(request)
    theirs = {name.lower(): value for name, value in request.headers.items()}
    sent = {name: asked.headers.get(name) for name in added - {"host"}}
    return said == theirs["authorization"] and sent == {name: theirs.get(name) for name in sent}


async def shown(running: InLoop, *answers: Answer) -> str:
    """All that an operator or an application gets to read, but for the log, which is whole once the sidecar has ended."""
    pages = [await get(running.ops, path) for path in ("/metrics", "/status.json", "/readyz", "/livez")]
    pages += [await get(running.port, path) for path in ("/v1/models", "/nothing")]
    bodies = [answer.body.decode("utf-8", "replace") + repr(answer.headers) for answer in (*pages, *answers)]
    return "".join(bodies)
