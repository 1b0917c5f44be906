"""Every way in which a cloud says who asks, through a whole sidecar: its places hand out tokens, its provider checks them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import orjson
import pytest

from proxy.signing.sigv4 import AwsKeys
from tests.promises.caller import Answer, chat
from tests.promises.cloud_ways import WAYS, Way, static
from tests.promises.clouds import CANARY, HOMES, REGION, Ground, entry, ground, shown, signed_by, speaking
from tests.promises.dialects import WIRES
from tests.promises.sidecars import sidecar
from tests.promises.upstream import Asked, Provider
from tests.upstream.credentials.aws_places import STATIC


@pytest.fixture
async def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Ground]:
    async with ground(tmp_path, monkeypatch) as here:
        yield here


def is_proven(asked: Asked, proof: AwsKeys | tuple[str, str]) -> bool:
    """By these keys or this header, and by nothing else."""
    if isinstance(proof, AwsKeys):
        return signed_by(asked, proof)
    name, value = proof
    shows = [header for header, held in asked.headers.items() if CANARY in held]
    return asked.headers.get(name) == value and shows == [name]


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
async def test_a_call_is_signed_by_what_the_cloud_gives_and_nobody_reads_it(way: Way, here: Ground) -> None:
    """Whole, as a stream, in the provider's own dialect, and relayed as it came; the token is fetched for all of them once."""
    wire = WIRES[HOMES[way.kind].wire]
    way.set_up(here)
    async with Provider(speaking(way.kind)) as provider:
        up = entry(way.kind, provider.url, way.options, **way.more)
        async with sidecar(here.folder, {"up": up}, logging={"level": "debug"}) as running:
            assert here.server.asked == []
            own = {"authorization": "Bearer of-the-application", "x-api-key": "of-the-application"}
            whole = await running.ask(chat(), own)
            streamed = await running.ask(chat(stream=True), own)
            native = await running.ask(wire.ask("up:m"), {**own, **wire.headers}, wire.path_to("up:m"))
            relayed = await running.ask(b'{"raw": "\xc3\xa9"}', own, "/providers/up/files/a%20b?limit=1&after=x%2Fy")
            answers = (whole, streamed, native, relayed)
            assert [answer.status for answer in answers] == [200] * 4, [answer.body for answer in answers]
            assert whole.json["choices"][0]["message"]["content"] == "one two"
            assert native.body == orjson.dumps(wire.reply("one two"))
            assert WIRES["openai"].hear(streamed.body).text == "one two"
            assert len(here.server.asked) == way.asked
            said = await shown(running, *answers)
    said += running.log()
    assert said.count('"event":"call"') == 4
    assert CANARY not in said
    assert [is_proven(asked, way.proof) for asked in provider.requests] == [True] * 4
    assert not any(b"of-the-application" in asked.head for asked in provider.requests)


async def test_whatever_a_body_or_a_name_holds_the_signature_is_of_what_arrives(here: Ground) -> None:
    """Models as AWS names them, with colons and slashes; text beyond ASCII; a body that is none of ours."""
    static(here)
    arn = f"arn:aws:bedrock:{REGION}:123456789012:inference-profile/us.anthropic.claude-sonnet-4-5-20250929-v1:0"
    async with Provider(speaking("bedrock")) as provider:
        async with sidecar(here.folder, {"up": entry("bedrock", provider.url)}) as running:
            answers: list[Answer] = []
            for model in (arn, "amazon.nova-lite-v1:0", "a b~c(d)'*!", "ünï"):
                answers.append(await running.ask(chat(f"up:{model}", "naïve ☃")))
            answers.append(await running.ask(b"\x00\xff" * 5000, {}, "/providers/up/model/m%3A0/invoke"))
            answers.append(await running.ask(b"", {}, "/providers/up/guardrails?b=2&a=1&a=0"))
        assert [answer.status for answer in answers] == [200] * 6
        assert len(provider.requests) == 6
        assert all(signed_by(asked, STATIC) for asked in provider.requests)
        assert not any(signed_by(asked, STATIC._replace(secret_key="another")) for asked in provider.requests)
