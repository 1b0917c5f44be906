"""What a request needs of a model, and whether the model has it: what the provider would refuse is refused before it is asked.

Pure. Nothing is concluded from what is not known: a model without a line in the table, and one whose line leaves open what it
can, pass. What can be said another way (a schema by a tool) is met by that too.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

from proxy.call import Failure, Json
from proxy.models import Model

LimitsRule = Literal["reject", "clamp", "ignore"]

#: Fields without which only the messages can need anything.
TELLING = frozenset({"tools", "response_format", "reasoning", "modalities"})
#: The type of a part -> what it needs. A file of text is said as text.
PARTS: Mapping[str, str] = {"image_url": "vision", "image": "vision", "file": "documents", "input_audio": "audio_input"}
#: Operations that need a model made for them.
OPERATIONS = frozenset({"embeddings", "rerank"})


class Need(NamedTuple):
    """`met_by` any of these capabilities; `param` names the field, `complaint` what the model does not do.

    meaning: whether the request means something else without it. What does not is left out and named elsewhere.
    """

    met_by: frozenset[str]
    param: str
    complaint: str
    meaning: bool = True


NEEDS: Mapping[str, Need] = {
    "vision": Need(frozenset({"vision"}), "messages", "takes no images"),
    "documents": Need(frozenset({"documents", "vision"}), "messages", "takes no documents"),
    "audio_input": Need(frozenset({"audio_input"}), "messages", "takes no audio"),
    "tools": Need(frozenset({"tools"}), "tools", "calls no tools"),
    "structured_output": Need(frozenset({"structured_output", "tools"}), "response_format", "follows no schema"),
    "reasoning": Need(frozenset({"reasoning"}), "reasoning", "does not reason", meaning=False),
    "embeddings": Need(frozenset({"embeddings"}), "model", "makes no embeddings"),
    "rerank": Need(frozenset({"rerank"}), "model", "ranks nothing"),
}


def needs_of(unified: Json, operation: str = "chat") -> frozenset[str]:
    """Of NEEDS."""
    if operation != "chat":
        return frozenset({operation}) & OPERATIONS
    found = needs_of_messages(unified)
    if unified.get("tools") and unified.get("tool_choice") != "none":
        found.add("tools")
    if member(unified.get("response_format"), "type") == "json_schema":
        found.add("structured_output")
    if must_reason(unified.get("reasoning")):
        found.add("reasoning")
    return frozenset(found)


def needs_of_messages(unified: Json) -> set[str]:
    parts = [
        part
        for message in unified.get("messages") or ()
        if isinstance(message, dict) and isinstance(message.get("content"), list)
        for part in message["content"]
        if isinstance(part, dict) and part.get("type") in PARTS
    ]
    return {PARTS[part["type"]] for part in parts if not is_text(part)}


def is_text(part: Json) -> bool:
    data = member(part.get("file"), "file_data")
    return isinstance(data, str) and data.startswith("data:text/")


def must_reason(reasoning: Any) -> bool:
    """An effort is a wish; reasoning that is switched on, or given a budget, is asked for."""
    return member(reasoning, "enabled") is True or bool(member(reasoning, "budget_tokens"))


def member(value: Any, name: str) -> Any:
    return value.get(name) if isinstance(value, dict) else None


def check_needs(model: Model | None, needs: frozenset[str], name: str, *, strict: bool = False) -> Failure | None:
    """Failure("unsupported_capability") for the first need that the model is known not to meet.

    name:   the endpoint, for the text.
    strict: whether what could be left out and named counts too.
    """
    if not needs or model is None or not model.known:
        return None
    for word in sorted(needs):
        need = NEEDS[word]
        if (need.meaning or strict) and need.met_by.isdisjoint(model.can):
            detail = (
                f'the model "{model.name}" of {name} {need.complaint} (say otherwise under `catalog` where it does)'
            )
            return Failure("unsupported_capability", detail, param=need.param, code=word)
    return None


#: The fields that limit an answer; the first one there goes before the second.
LIMITS = ("max_completion_tokens", "max_tokens")
#: What the caller's dialect calls both. Without a row it uses the unified names.
SPELLED: Mapping[str, str] = {
    "responses": "max_output_tokens",
    "anthropic": "max_tokens",
    "cohere": "max_tokens",
    "gemini": "generationConfig.maxOutputTokens",
    "gemini_array": "generationConfig.maxOutputTokens",
    "bedrock": "inferenceConfig.maxTokens",
    "bedrock_invoke": "max_tokens",
    "ollama": "options.num_predict",
    "ollama_generate": "options.num_predict",
}


def check_limits(
    unified: Json, model: Model | None, rule: LimitsRule, dialect: str = "openai"
) -> tuple[Json, tuple[str, ...]]:
    """The request, and the names of the fields that were cut to the model's maximum. Unknown models pass, and so does what fits.

    Failure("invalid_request") by the rule `reject`; it names the field as the caller's dialect does. Nothing is changed in place.
    """
    most = model.max_output if model is not None else None
    if most is None:
        return unified, ()
    beyond = [name for name in LIMITS if type(value := unified.get(name)) is int and value > most]
    if not beyond:
        return unified, ()
    if rule == "reject":
        assert model is not None
        name = SPELLED.get(dialect, beyond[0])
        detail = f'{name} is {unified[beyond[0]]}; the model "{model.name}" answers with at most {most} tokens'
        raise Failure("invalid_request", detail, param=name)
    return {**unified, **dict.fromkeys(beyond, most)}, tuple(beyond)
