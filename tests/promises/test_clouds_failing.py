"""Clouds that give no token: nobody waits at the start, everybody is told why in their own dialect, others are not disturbed."""

from __future__ import annotations

import asyncio
import re
import socket
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest

from proxy.upstream.credentials.rs256 import LACKING
from tests.promises.caller import chat, until
from tests.promises.cloud_ways import IMDS, LOGIN, METADATA, WAYS, service_account
from tests.promises.clouds import CANARY, Ground, entry, ground, shown, speaking
from tests.promises.dialects import WIRES
from tests.promises.sidecars import openai_like, sidecar
from tests.promises.upstream import Provider
from tests.upstream.credentials.token_server import Answered, Question

#: What a call may wait for a metadata server that is silent, in seconds, and some for a busy machine.
BOUND = 5.0
READY = 1.0
KINDS = {"google": "vertex", "azure": "azure_openai", "aws": "bedrock"}


@pytest.fixture
async def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Ground]:
    async with ground(tmp_path, monkeypatch) as here:
        yield here


class Hole:
    """An address that takes connections and never looks at them."""

    def __init__(self) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0))
        self._socket.setblocking(False)
        self.address = f"127.0.0.1:{self._socket.getsockname()[1]}"

    @property
    def fallen_in(self) -> bool:
        """Whether anybody has connected since the last look."""
        try:
            self._socket.accept()[0].close()
        except BlockingIOError:
            return False
        return True

    def close(self) -> None:
        self._socket.close()


@pytest.fixture
def hole(here: Ground) -> Iterator[Hole]:
    """Where the metadata servers of all clouds should be."""
    hole = Hole()
    here.set(
        {
            "GCE_METADATA_HOST": hole.address,
            "AZURE_POD_IDENTITY_AUTHORITY_HOST": f"http://{hole.address}",
            "AWS_EC2_METADATA_SERVICE_ENDPOINT": f"http://{hole.address}",
        }
    )
    yield hole
    hole.close()


async def test_a_silent_metadata_server_delays_neither_the_start_nor_others(here: Ground, hole: Hole) -> None:
    loop = asyncio.get_running_loop()
    async with Provider(speaking("azure_openai")) as provider:
        entries = {name: entry(kind, provider.url) for name, kind in KINDS.items()}
        began = loop.time()
        async with sidecar(here.folder, {**entries, "other": openai_like(provider.url)}) as running:
            assert loop.time() - began < READY
            assert not hole.fallen_in
            began = loop.time()
            calls = [asyncio.ensure_future(running.ask(chat(f"{name}:m"))) for name in KINDS]
            await until(lambda: len(running.sidecar.gateway.calls) == len(KINDS))
            assert (await running.ask(chat("other:m"))).status == 200
            assert not any(call.done() for call in calls)
            found = await asyncio.gather(*calls)
            assert loop.time() - began < BOUND
            assert hole.fallen_in
            said = await shown(running)
    assert len(provider.requests) == 1
    for name, answer in zip(KINDS, found, strict=True):
        assert (answer.status, answer.error["type"]) == (500, "authentication_failed")
        assert answer.headers["x-should-retry"] == "false"
        assert answer.headers["x-outrider-provider"] == name
        assert answer.error["message"].startswith(f"no credentials for {name}: ")
        assert f"{hole.address} did not answer within" in answer.error["message"]
        assert f'"credential":"{name}","reason":' in running.log()
    lacking = ("GOOGLE_APPLICATION_CREDENTIALS", "AZURE_FEDERATED_TOKEN_FILE", "AWS_WEB_IDENTITY_TOKEN_FILE")
    for variable, answer in zip(lacking, found, strict=True):
        assert variable in answer.error["message"], "what would help is not named"
    assert 'kind="authentication_failed"' in said


async def test_each_caller_is_told_in_its_own_dialect(here: Ground, hole: Hole) -> None:
    """All of them wait for the one answer that does not come."""
    async with Provider() as provider, sidecar(here.folder, {"up": entry("bedrock", provider.url)}) as running:
        asked = [
            running.ask(wire.ask("up:m", stream), wire.headers, wire.path_to("up:m", stream))
            for wire in WIRES.values()
            for stream in (False, True)
        ]
        found = await asyncio.gather(*asked)
        wires = [wire for wire in WIRES.values() for _ in range(2)]
        for wire, answer in zip(wires, found, strict=True):
            assert answer.status == 500
            assert wire.words_of(answer.json).startswith("no credentials for up: instance metadata: ")
        relayed = await running.ask(b"{}", {}, "/providers/up/model/m/converse")
        assert (relayed.status, provider.requests) == (500, [])


async def test_a_call_waits_no_longer_than_it_may(here: Ground, hole: Hole) -> None:
    async with Provider() as provider, sidecar(here.folder, {"up": entry("vertex", provider.url)}) as running:
        answer = await running.ask(chat(timeout=0.2))
        assert (answer.status, answer.error["type"]) == (504, "timeout")
        assert answer.error["message"] == "no credentials for up came in time"


async def test_who_hangs_up_meanwhile_takes_nothing_from_the_others(here: Ground) -> None:
    way = WAYS["google: the metadata server"]
    way.set_up(here)
    here.server.answering.clear()
    async with (
        Provider(speaking("vertex")) as provider,
        sidecar(here.folder, {"up": entry("vertex", provider.url)}) as running,
    ):
        caller = await running.caller()
        caller.post(chat())
        stays = asyncio.ensure_future(running.ask(chat()))
        await until(lambda: len(running.sidecar.gateway.calls) == 2)
        caller.hang_up()
        await until(lambda: len(running.sidecar.gateway.calls) == 1)
        here.server.answering.set()
        assert (await stays).status == 200
        assert (len(provider.requests), len(here.server.asked)) == (1, 1)


# ---- places that answer, but with no token

FLAVOR = {"Metadata-Flavor": "Google"}


def echo(asked: Question) -> Answered:
    """A refusal that repeats all it was told."""
    words = f"not {asked.body.decode()}, nor {asked.headers.get('authorization')}"
    return Answered(403, {"error": {"code": 403, "status": "PERMISSION_DENIED", "message": words}}, FLAVOR)


UNSENDABLE = {"access_token": "canary\r\nx: y", "AccessKeyId": "canary\r\nx: y", "SecretAccessKey": "canary"}
#: What is answered -> what the caller reads of it, and how often it is asked for.
ANSWERS: dict[str, tuple[Answered | Callable[[Question], Answered], str, int]] = {
    "403": (echo, "answered 403", 1),
    "500": (Answered(500, b"<html>out of order", FLAVOR), "answered 500", 3),
    "garbage": (Answered(200, b"\x00garbage", FLAVOR), "answer(ed)? with", 1),
    "half an answer": (Answered(200, {"token_type": "Bearer"}, FLAVOR), "answer(ed)? with", 1),
    "what cannot be sent": (Answered(200, UNSENDABLE, FLAVOR), "answer(ed)? with|a character that no key has", 1),
}
PLACES = {
    "google: the metadata server": METADATA,
    "google: federation": "/token",
    "azure: workload identity": LOGIN,
    "azure: a managed identity": IMDS,
    "aws: EKS Pod Identity": "/v1/credentials",
    "aws: IRSA": "/",
}


@pytest.mark.parametrize("answer", ANSWERS.values(), ids=ANSWERS)
@pytest.mark.parametrize("name", PLACES)
async def test_a_place_that_gives_no_token_is_told_and_asked_again_by_the_next_call(
    name: str, answer: tuple[Answered | Callable[[Question], Answered], str, int], here: Ground
) -> None:
    way, (said, words, asked) = WAYS[name], answer
    way.set_up(here)
    right: Answered | Callable[[Question], Answered] = here.server.answers[PLACES[name]]
    here.server.answers[PLACES[name]] = said
    async with (
        Provider(speaking(way.kind)) as provider,
        sidecar(here.folder, {"up": entry(way.kind, provider.url)}) as running,
    ):
        failed = await running.ask(chat())
        assert (failed.status, failed.error["type"]) == (500, "authentication_failed")
        assert re.search(words, failed.error["message"])
        assert (provider.requests, len(here.server.asked)) == ([], asked)
        here.server.answers[PLACES[name]] = right
        assert (await running.ask(chat())).status == 200
        read = await shown(running, failed)
    assert re.search(words, running.log())
    assert CANARY not in read + running.log()


# ---- nothing to sign with


async def test_a_private_key_without_the_package_names_what_to_install(
    here: Ground, monkeypatch: pytest.MonkeyPatch
) -> None:
    service_account(here)
    monkeypatch.setitem(sys.modules, "cryptography.hazmat.primitives.serialization", None)
    async with Provider() as provider, sidecar(here.folder, {"up": entry("vertex", provider.url)}) as running:
        failed = await running.ask(chat())
        assert (failed.status, failed.error["type"]) == (500, "authentication_failed")
        assert failed.error["message"].endswith(LACKING)
        assert LACKING.endswith("pip install 'outrider[google]'")
    assert LACKING in running.log()


@pytest.mark.parametrize(
    ("kind", "variable", "path"),
    [
        ("vertex", "GOOGLE_APPLICATION_CREDENTIALS", "/no/such.json"),
        ("azure_openai", "AZURE_FEDERATED_TOKEN_FILE", "/no/such/token"),
        ("bedrock", "AWS_WEB_IDENTITY_TOKEN_FILE", "/no/such/token"),
    ],
)
async def test_a_file_that_is_not_there_is_named(kind: str, variable: str, path: str, here: Ground) -> None:
    here.set({variable: path, "AWS_ROLE_ARN": "arn:aws:iam::1:role/r"})
    here.set({"AZURE_TENANT_ID": "tenant", "AZURE_CLIENT_ID": "client"})
    async with Provider() as provider, sidecar(here.folder, {"up": entry(kind, provider.url)}) as running:
        failed = await running.ask(chat())
        assert failed.status == 500
        assert f"{path} cannot be read (FileNotFoundError)" in failed.error["message"]


async def test_aws_with_nothing_at_all_names_every_source(here: Ground) -> None:
    here.set({"AWS_EC2_METADATA_DISABLED": "true"})
    async with Provider() as provider, sidecar(here.folder, {"up": entry("bedrock", provider.url)}) as running:
        told = (await running.ask(chat())).error["message"]
        for wanted in ("AWS_ACCESS_KEY_ID", "AWS_ROLE_ARN", "AWS_PROFILE", "FULL_URI", "AWS_EC2_METADATA_DISABLED"):
            assert wanted in told
