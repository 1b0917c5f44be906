"""How much may be said, and how it is chosen: Converse's `inferenceConfig`, and `top_k` in the words of the model's family.

What thinking leaves room for is seen in the draft, so it is said before. Source:
https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_InferenceConfiguration.html.
"""

from __future__ import annotations

from typing import Any

from proxy.call import Json
from proxy.dialects.bedrock.fields import Draft
from proxy.dialects.bedrock.reasoning import UNSET_WHEN_HIGH, is_alone
from proxy.dialects.shape import asked

NUMBERS = (int, float)
SAMPLERS = (("temperature", float), ("top_p", float), ("top_k", int))
WIRE_NAMES = (("temperature", "temperature"), ("top_p", "topP"))


def say_sampling(draft: Draft) -> None:
    unified = draft.unified
    thinking: Json = {}
    if "additionalModelRequestFields" in draft.wire:
        if is_alone(draft):
            draft.dropped += [name for name in UNSET_WHEN_HIGH if unified.get(name) is not None]
            return
        thinking = thinking_of(draft.wire)
    config = say_limit(draft, thinking)
    said = samplers(unified)
    if draft.known.claude is not None:
        draft.dropped += narrow(said, draft.known.claude.generation.samplers, thinking)
    for name, wire_name in WIRE_NAMES:
        if name in said:
            config[wire_name] = said[name]
    if "temperature" in said and said["temperature"] > 1:
        config["temperature"] = 1
        draft.translated.append("temperature")
    if config:
        draft.wire["inferenceConfig"] = config
    if "top_k" not in said:
        return
    if draft.known.family.top_k:
        draft.add(draft.known.family.top_k, said["top_k"])
    else:
        draft.dropped.append("top_k")


def samplers(unified: Json) -> dict[str, Any]:
    said = {}
    for name, kind in SAMPLERS:
        value = unified.get(name)
        if value is not None:
            said[name] = value if kind is float and type(value) in NUMBERS else asked(value, kind, name)
    return said


def narrow(said: dict[str, Any], accepted: str, thinking: Json) -> list[str]:
    """Newer Claudes, and thinking, take the default values only; some take one of two. Gives the names of what is left out."""
    if accepted == "default" or thinking.get("type") in ("enabled", "adaptive"):
        out = [name for name in said if said[name] != 1 or name == "top_k"]
    else:
        out = ["top_p"] if accepted == "one" and "temperature" in said and "top_p" in said else []
    for name in out:
        del said[name]
    return out


def thinking_of(wire: Json) -> Json:
    thinking = wire.get("additionalModelRequestFields", {}).get("thinking")
    return thinking if isinstance(thinking, dict) else {}


def say_limit(draft: Draft, thinking: Json) -> Json:
    """An `inferenceConfig` with the limit; without one a model says as much as it can.

    Thinking counts: a limit no larger than the budget is raised, and named.
    """
    name = "max_tokens" if draft.unified.get("max_completion_tokens") is None else "max_completion_tokens"
    limit, budget = draft.unified.get(name), thinking.get("budget_tokens")
    if limit is None:
        return {}
    budget = budget if type(budget) is int else 0
    if (limit if type(limit) is int else asked(limit, int, name)) > budget:
        return {"maxTokens": limit}
    draft.translated.append(name)
    return {"maxTokens": limit + budget}


def say_stop(draft: Draft) -> None:
    """`stop` and `stop_sequences` together; an empty one says nothing, and Claude refuses white space only."""
    sequences: list[str] = []
    for name in ("stop", "stop_sequences"):
        value = draft.unified.get(name)
        values = [] if value is None else [value] if isinstance(value, str) else asked(value, list, name)
        said = [asked(entry, str, f"{name}[{index}]") for index, entry in enumerate(values)]
        kept = [entry for entry in said if (entry if draft.known.claude is None else entry.strip())]
        if len(kept) < len(said):
            draft.dropped.append(name)
        sequences += kept
    if sequences:
        draft.wire.setdefault("inferenceConfig", {})["stopSequences"] = list(dict.fromkeys(sequences))
