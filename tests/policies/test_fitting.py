"""Which of several targets is asked, and what is refused before anyone is."""

from __future__ import annotations

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
