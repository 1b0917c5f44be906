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
WIRE_NAMES = {"temperature": "temperature", "top_p": "topP"}


def say_sampling(draft: Draft) -> None:
    unified = draft.unified
    if is_alone(draft):
        draft.dropped += [name for name in UNSET_WHEN_HIGH if unified.get(name) is not None]
        return
    say_limit(draft)
    said = samplers(unified)
    if draft.known.claude is not None:
        draft.dropped += narrow(said, draft.known.claude.generation.samplers, thinking_of(draft.wire))
    for name, wire_name in WIRE_NAMES.items():
        if name in said:
            draft.infer(wire_name, said[name])
    if said.get("temperature", 0) > 1:
        draft.infer("temperature", 1)
        draft.translated.append("temperature")
    if "top_k" not in said:
        return
    if draft.known.family.top_k:
        draft.add(draft.known.family.top_k, said["top_k"])
    else:
        draft.dropped.append("top_k")


def samplers(unified: Json) -> dict[str, Any]:
    said = {}
    for name, kind in (("temperature", float), ("top_p", float), ("top_k", int)):
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


def say_limit(draft: Draft) -> None:
    """Without one a model says as much as it can. Thinking counts: a limit no larger than the budget is raised, and named."""
    name = "max_tokens" if draft.unified.get("max_completion_tokens") is None else "max_completion_tokens"
    limit, budget = draft.unified.get(name), thinking_of(draft.wire).get("budget_tokens")
    budget = budget if type(budget) is int else 0
    if limit is not None and asked(limit, int, name) > budget:
        draft.infer("maxTokens", limit)
    elif limit is not None:
        draft.infer("maxTokens", limit + budget)
        draft.translated.append(name)


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
        draft.infer("stopSequences", list(dict.fromkeys(sequences)))
