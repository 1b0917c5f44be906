"""Which of several targets is asked, and what is refused before anyone is."""

from __future__ import annotations

import sys
from typing import Any, cast

import orjson
import pytest

from proxy.call import Call, Client, Failure, Json, Outcome, Target
from proxy.models import Model
from proxy.needs import LimitsRule
from proxy.policies.fitting import Fitting

IMAGE: Json = {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0KGgo="}}
TEXT_ONLY = Model("kind", "text", known=True, can=frozenset({"chat"}), max_output=100)
SEEING = Model("kind", "seeing", known=True, can=frozenset({"chat", "vision"}), max_output=100)
MODELS: dict[str, Model | None] = {"text": TEXT_ONLY, "seeing": SEEING, "new": None}


def asked(*models: str, image: bool = False, **fields: Any) -> Call:
    content = [IMAGE] if image else "hi"
    wire = {"model": "m", "messages": [{"role": "user", "content": content}], **fields}
    call = Call("id", "openai", "chat", orjson.dumps(wire), wire, "m", False, {}, cast(Client, None))
    call.targets = [Target("there", model, None) for model in models]
    call.target = call.targets[0]
    return call


async def pass_on(call: Call, rule: LimitsRule = "reject") -> Target | None:
    async def answer(call: Call) -> Outcome:
        return Outcome(200, None, call.target)

    return (await Fitting(lambda target: MODELS[target.model], rule)(call, answer)).target


@pytest.mark.parametrize(
    ("models", "image", "taken"),
    [
        (["text", "seeing"], False, "text"),
        (["text", "seeing"], True, "seeing"),
        (["text", "new"], True, "new"),
        (["seeing", "text"], True, "seeing"),
    ],
)
async def test_the_first_that_can_is_asked(models: list[str], image: bool, taken: str) -> None:
    target = await pass_on(asked(*models, image=image))
    assert target is not None
    assert target.model == taken


async def test_an_image_never_goes_to_a_model_that_reads_only_text() -> None:
    with pytest.raises(Failure, match='the model "text" of there takes no images') as raised:
        await pass_on(asked("text", "text", image=True))
    assert (raised.value.kind, raised.value.param) == ("unsupported_capability", "messages")


async def test_a_limit_beyond_the_models_is_refused() -> None:
    call = asked("text", max_tokens=101)
    with pytest.raises(Failure, match='max_tokens is 101; the model "text" answers with at most 100') as raised:
        await pass_on(call)
    assert (raised.value.kind, raised.value.param) == ("invalid_request", "max_tokens")
    await pass_on(asked("text", max_tokens=100))
    await pass_on(asked("new", max_tokens=10**9))


async def test_or_cut_and_named_where_the_operator_says_so() -> None:
    call = asked("text", max_tokens=101)
    before = dict(call.json)
    kept = call.json
    await pass_on(call, "clamp")
    assert call.json["max_tokens"] == 100
    assert list(call.changed) == ["max_tokens"]
    assert kept == before


def test_a_plain_chat_costs_one_call() -> None:
    call = asked("text", max_tokens=50)
    calls: list[str] = []

    def answer(call: Call) -> Any:
        return None

    handler = Fitting(lambda target: TEXT_ONLY, "reject").around(answer)
    handler(call)
    sys.setprofile(lambda frame, event, arg: calls.append(frame.f_code.co_name) if event == "call" else None)
    try:
        handler(call)
    finally:
        sys.setprofile(None)
    assert calls == ["fitted", "answer"]


async def test_what_a_model_gives_is_looked_up_again() -> None:
    """Lists of models change; so a limit that passed may be too much a minute later, and the other way round."""
    gives: list[Model | None] = [None]
    handler = Fitting(lambda target: gives[0], "reject").around(answered)
    await handler(asked("text", max_tokens=50))
    gives[0] = TEXT_ONLY._replace(max_output=40)
    later = asked("text", max_tokens=50)
    later.started = 61.0
    with pytest.raises(Failure, match="at most 40"):
        await handler(later)
    gives[0] = None
    much_later = asked("text", max_tokens=50)
    much_later.started = 122.0
    await handler(much_later)


async def test_both_limits_are_looked_at_every_time() -> None:
    handler = Fitting(lambda target: TEXT_ONLY, "reject").around(answered)
    await handler(asked("text", max_tokens=50))
    for _ in range(2):
        with pytest.raises(Failure, match="max_tokens is 500"):
            await handler(asked("text", max_completion_tokens=50, max_tokens=500))


async def test_a_nonsense_limit_is_left_to_who_checks_it() -> None:
    for limit in (0, -1):
        await Fitting(lambda target: TEXT_ONLY, "reject").around(answered)(asked("text", max_tokens=limit))


async def answered(call: Call) -> Outcome:
    return Outcome(200, None, call.target)
