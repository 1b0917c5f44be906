"""All that can be asked, asked of every provider at once: what arrives is known to its package, and the rest was named."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from proxy.call import Json
from proxy.dialects.neutral import is_neutral
from tests.providers.answers import hold_chat
from tests.providers.packages import OWN, UNTYPED, hold
from tests.providers.questions import HELLO, SHAPES, VALUES
from tests.providers.stage import REACHED, stage
from tests.providers.test_wire import CHATTING, reply_with

EVERYTHING: Json = {
    "model": "there:m",
    "messages": [HELLO, {"role": "assistant", "content": "Hm.", "reasoning_content": "Well."}, HELLO | {"name": "Ada"}],
    **{name: value for name, value in VALUES.items() if "." not in name and name != "stream_options"},
    "n": 1,
}
#: What stands in another field of OpenAI's.
SAID_OTHERWISE = frozenset({"max_tokens", "max_completion_tokens", "stop_sequences", "reasoning"})


async def said_of(request: Json, kind: str, folder: Path) -> tuple[Json, set[str]]:
    """What arrives at the provider, and the names of what did not."""
    stream = bool(request.get("stream"))
    way = REACHED[kind].way("openai", "chat", stream)
    assert way is not None
    async with stage(folder, kind, unsupported="drop") as on:
        on.upstream.answer = reply_with(kind, way.dialect, stream)
        said = await on.sidecar.ask(request)
        assert said.status == 200, said.body
        return on.asked.json, set(filter(None, said.headers.get("x-outrider-dropped", "").split(",")))


@pytest.mark.parametrize("kind", CHATTING)
async def test_its_package_knows_all_that_arrives(kind: str, tmp_path: Path) -> None:
    arrived, dropped = await said_of(EVERYTHING, kind, tmp_path)
    hold_chat(kind, CHATTING[kind].dialect, REACHED[kind], arrived)
    assert not any(is_neutral(name, EVERYTHING.get(name, ...)) for name in dropped)
    if CHATTING[kind].dialect == "openai":
        renames = REACHED[kind].renames
        silent = {name for name in EVERYTHING if renames.get(name, name) not in arrived and name not in dropped}
        assert {name for name in silent if not is_neutral(name, EVERYTHING[name])} <= SAID_OTHERWISE


def shapes_of(kind: str) -> Iterator[Json]:
    for ability, fields in SHAPES.values():
        if ability in REACHED[kind].can:
            yield {"model": "there:m", **fields}


@pytest.mark.parametrize("kind", OWN)
async def test_its_own_package_knows_each_kind_of_request(kind: str, tmp_path: Path) -> None:
    let: set[str] = set()
    for request in (*shapes_of(kind), EVERYTHING):
        arrived, _ = await said_of(request, kind, tmp_path)
        let |= hold(kind, arrived)
    assert let == {name for known, name in UNTYPED if known == kind}, "a row of UNTYPED is not needed"


def test_every_row_has_a_reason() -> None:
    assert all(reason for reason in UNTYPED.values())
    assert {kind for kind, _ in UNTYPED} <= OWN.keys() <= CHATTING.keys()


@pytest.mark.parametrize("kind", OWN)
def test_a_member_that_nobody_knows_is_noticed(kind: str) -> None:
    messages = {"input": "hi"} if kind == "perplexity" else {"messages": [HELLO]}
    hold(kind, {"model": "m", **messages})
    with pytest.raises(ValueError, match="unheard_of"):
        hold(kind, {"model": "m", **messages, "unheard_of": 1})
