"""Every error that is known of a provider, served over a socket as it was: the caller is told its kind, and why."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import orjson
import pytest

from proxy.call import KINDS, Json
from proxy.upstream.road import REFUSED
from tests.matrix.errors import ERRORS
from tests.matrix.recorded import RECORDINGS, WIRE, Recording
from tests.promises.upstream import Asked
from tests.providers.answers import WIRE_OF
from tests.providers.questions import HELLO
from tests.providers.refusals import DOCUMENTED, KIND_OF
from tests.providers.stage import KEY, REACHED, stage
from tests.providers.test_wire import CHATTING

#: Folders of recordings that are called otherwise than the kind.
KIND_CALLED: Mapping[str, str] = {"openai-responses": "openai_responses", "bedrock-converse": "bedrock"}
#: Ours to keep for the answer's own framing.
FRAMING = frozenset({"content-length", "transfer-encoding", "content-encoding", "connection"})
RECORDED = {
    name: (kind, RECORDINGS[name])
    for name in ERRORS
    if (kind := KIND_CALLED.get(folder := name.partition("/")[0], folder)) in REACHED and name in RECORDINGS
}


def test_there_are_errors_to_tell() -> None:
    if not RECORDINGS:
        pytest.skip(f"no recordings in {WIRE}: no error was told")
    assert len(RECORDED) > 25


@pytest.mark.parametrize("name", RECORDED)
async def test_a_recorded_error_is_told_as_its_kind(name: str, tmp_path: Path) -> None:
    kind, recording = RECORDED[name]
    wrong = ERRORS[name]
    async with stage(tmp_path, kind) as on:
        on.upstream.answer = serving(recording)
        said = await on.sidecar.ask({"model": "there:m", "messages": [HELLO]})
        assert await on.sidecar.counted("llm_requests_failure", kind=wrong.kind) == 1
    mistaken = KINDS[wrong.kind].party == "caller"
    if mistaken and REACHED[kind].dialect == "openai":
        assert said.body == recording.body
    else:
        assert said.error["type"] == wrong.kind
        assert wrong.words in said.error["message"]
    assert KEY not in said.body.decode()
    assert said.status in {KINDS[wrong.kind].status, recording.status if mistaken else 0}
    if wrong.kind == "authentication_failed":
        assert said.headers["x-should-retry"] == "false"


def serving(recording: Recording) -> Callable[[Asked], None]:
    head = {name: text for name, text in recording.headers.items() if name not in FRAMING}

    def play(asked: Asked) -> None:
        asked.link.whole(recording.body, recording.status, head)

    return play


@pytest.mark.parametrize("kind", CHATTING)
async def test_each_status_is_its_kind(kind: str, tmp_path: Path) -> None:
    """In the words of the provider's dialect, and each is one request: nothing here is asked again."""
    refusal = WIRE_OF[CHATTING[kind].dialect].refusal
    async with stage(tmp_path, kind) as on:
        for count, (status, wrong) in enumerate(KIND_OF.items(), 1):
            headers, body = refusal(status, f"No, says {status}.")
            on.upstream.answer = refusing(status, body, headers)
            said = await on.sidecar.ask({"model": "there:m", "messages": [HELLO]})
            assert await on.sidecar.counted("llm_requests_failure", kind=wrong) == 1
            assert f"No, says {status}." in said.error["message"]
            assert said.status == KINDS[wrong].status
            assert len(on.upstream.requests) == count or KINDS[wrong].retryable


@pytest.mark.parametrize("kind", DOCUMENTED)
async def test_an_error_of_its_own_shape_is_told_as_its_kind(kind: str, tmp_path: Path) -> None:
    async with stage(tmp_path, kind) as on:
        for refused in DOCUMENTED[kind]:
            before = await on.sidecar.counted("llm_requests_failure", kind=refused.kind)
            on.upstream.answer = refusing(refused.status, refused.body)
            said = await on.sidecar.ask({"model": "there:m", "messages": [HELLO]})
            assert await on.sidecar.counted("llm_requests_failure", kind=refused.kind) == before + 1
            assert refused.said in said.body.decode()


@pytest.mark.parametrize("kind", CHATTING)
async def test_a_wrong_key_is_the_operator_s_to_mend(kind: str, tmp_path: Path) -> None:
    """One request, no other; the log names the provider and where the key came from; nobody is shown the key."""
    signed = REACHED[kind].auth != "none"
    file = tmp_path / "key"
    file.write_text(f"{KEY}\n")
    headers, body = WIRE_OF[CHATTING[kind].dialect].refusal(401, f"The key {KEY if signed else 'of nobody'} is wrong.")
    async with stage(tmp_path, kind, {"file": str(file)}) as on:
        on.upstream.answer = refusing(401, body, headers)
        said = await on.sidecar.ask({"model": "there:m", "messages": [HELLO]})
        assert len(on.upstream.requests) == 1
        assert (said.status, said.error["type"]) == (500, "authentication_failed")
        assert (said.headers["x-should-retry"], said.headers["x-outrider-provider"]) == ("false", "there")
        assert KEY not in said.body.decode() + repr(said.headers)
    lines = [orjson.loads(line) for line in on.sidecar.log().splitlines()]
    [ended] = [line for line in lines if line["event"] == "call"]
    assert (ended["provider"], ended["kind"]) == ("there", "authentication_failed")
    assert KEY not in on.sidecar.log()
    told = [line["key_from"] for line in lines if line.get("message") == REFUSED]
    assert told == [f"file {file}"] * signed


def refusing(status: int, body: Json, headers: Mapping[str, str] | None = None) -> Callable[[Asked], None]:
    return lambda asked: asked.link.whole(body, status, headers)
