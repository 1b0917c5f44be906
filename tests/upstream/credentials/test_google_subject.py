"""The token of an external account's own provider: in a file or at an address, as text or inside JSON."""

from __future__ import annotations

from typing import Any

import pytest

from proxy.upstream.credentials.ask import Asker
from proxy.upstream.credentials.fresh import Unavailable
from proxy.upstream.credentials.google_subject import subject_token
from tests.upstream.credentials.token_server import Answered, Files, TokenServer, holds_no_secret

JSON = {"type": "json", "subject_token_field_name": "access_token"}


async def test_it_is_read_from_a_file_each_time(asker: Asker, files: Files) -> None:
    files.write("/token", "first\n")
    assert await subject_token({"file": "/token"}, asker, files) == "first"
    files.write("/token", {"access_token": "second"})
    assert await subject_token({"file": "/token", "format": JSON}, asker, files) == "second"


async def test_it_is_asked_for_with_the_headers_that_the_file_tells(
    asker: Asker, files: Files, server: TokenServer
) -> None:
    server.answers["/metadata"] = Answered(200, {"access_token": "canary-subject"})
    source = {"url": server.url("/metadata?a=b"), "headers": {"Metadata": "True"}, "format": JSON}
    assert await subject_token(source, asker, files) == "canary-subject"
    asked = server.asked[0]
    assert (asked.method, asked.query, asked.headers["metadata"]) == ("GET", {"a": "b"}, "True")


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        (None, "credential_source is missing"),
        ("/token", "credential_source is missing"),
        ({}, "neither a file nor a url"),
        ({"file": 5}, "neither a file nor a url"),
        ({"environment_id": "aws1"}, "credential_source.environment_id is not supported: only file and url are"),
        ({"executable": {"command": "canary-secret"}}, "credential_source.executable is not supported"),
        ({"certificate": {}}, "credential_source.certificate is not supported"),
        ({"file": "/none"}, "credential_source.file /none cannot be read"),
        ({"file": "/token", "format": JSON}, "/token holds no token of the form"),
        ({"file": "/json", "format": {"type": "json"}}, "/json holds no token of the form"),
        ({"file": "/json", "format": {**JSON, "subject_token_field_name": "id"}}, "/json holds no token of the form"),
    ],
)
async def test_what_is_wrong_is_told_by_its_field(asker: Asker, files: Files, source: Any, reason: str) -> None:
    files.write("/token", "canary-subject")
    files.write("/json", {"access_token": "canary-subject", "id": 5})
    with pytest.raises(Unavailable, match=reason) as raised:
        await subject_token(source, asker, files)
    assert holds_no_secret(str(raised.value))


@pytest.mark.parametrize(("status", "lasting"), [(403, True), (404, False), (500, False)])
async def test_an_address_that_refuses(
    asker: Asker, files: Files, server: TokenServer, status: int, lasting: bool
) -> None:
    server.answers["/metadata"] = Answered(status, b"canary-subject")
    with pytest.raises(Unavailable, match=f"answered {status}$") as raised:
        await subject_token({"url": server.url("/metadata")}, asker, files)
    assert raised.value.lasting is lasting
