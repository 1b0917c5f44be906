"""A generateContent request, as an app on Google's own SDK sends it, in the unified form.

Lossless for what the unified form can hold. Parts without a unified word are carried in `provider_blocks`, members without
one under their own name, so that every other target names them as dropped and Google gets them back. Both spellings of a
member's name are understood. Source: https://ai.google.dev/api/generate-content.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from proxy.call import Json
from proxy.dialects.checks import check_range
from proxy.dialects.gemini.fields import CONFIG, OWN_NAMES
from proxy.dialects.gemini.request import SERVICE_TIERS
from proxy.dialects.gemini.schemas import parse_schema
from proxy.dialects.gemini.spelling import camel
from proxy.dialects.gemini.thinking import parse_thinking
from proxy.dialects.gemini.tools import parse_choice, parse_tools
from proxy.dialects.gemini.turns import parse_messages
from proxy.dialects.shape import asked, wrong

#: Members of the wire request that are said anew; every other keeps its name and value, but for those that would be misread.
SAID = frozenset({"contents", "systemInstruction", "tools", "toolConfig", "generationConfig", "serviceTier"})
RENAMED: Mapping[str, str] = {theirs: ours for ours, theirs in OWN_NAMES.items()}
TIERS: Mapping[str, str] = {wire: unified for unified, wire in SERVICE_TIERS.items()}

CONFIG_NAMES = tuple(CONFIG.items())

#: Member of generationConfig -> (least, most); None is no end.
RANGES: Mapping[str, tuple[float, float | None]] = {
    "temperature": (0, 2),
    "topP": (0, 1),
    "topK": (0, None),
    "candidateCount": (1, 8),
    "maxOutputTokens": (1, None),
    "presencePenalty": (-2, 2),
    "frequencyPenalty": (-2, 2),
    "logprobs": (0, 20),
}


def parse_request(wire: Json) -> Json:
    """generateContent request -> unified request, without `model` and `stream`, which the path says.

    Failure("invalid_request") names the member that is wrong.
    """
    said = camel(wire, "body")
    unified: Json = {}
    for name, value in said.items():
        if name not in SAID:
            unified[RENAMED.get(name, name)] = value
    unified["messages"] = parse_messages(said)
    for name, parse in PARSERS:
        if name in said:
            unified |= parse(said[name])
    return unified


def parse_tool_config(config: Any) -> Json:
    own = camel(config, "toolConfig")
    choice, calling = parse_choice(own.pop("functionCallingConfig", {}), "toolConfig.functionCallingConfig")
    if calling:
        own["functionCallingConfig"] = calling
    return {**choice, "toolConfig": own} if own else choice


def parse_tier(tier: Any) -> Json:
    said = asked(tier, str, "serviceTier").lower().removeprefix("service_tier_")
    return {} if said == "unspecified" else {"service_tier": TIERS.get(said, said)}


def parse_config(config: Any) -> Json:
    """Sampling, limits, form and thinking. What has no unified word stays under `generationConfig`."""
    own = camel(config, "generationConfig")
    for name, value in own.items():
        if name in RANGES:
            least, most = RANGES[name]
            if type(value) not in (int, float) or value < least or (most is not None and value > most):
                check_range(f"generationConfig.{name}", value, least, most)
    unified: Json = {}
    for name, wire_name in CONFIG_NAMES:
        if wire_name in own:
            unified[name] = own.pop(wire_name)
    for name in ("seed", "n"):
        if name in unified:
            asked(unified[name], int, f"generationConfig.{CONFIG[name]}")
    if "logprobs" in unified:
        asked(unified["logprobs"], bool, "generationConfig.responseLogprobs")
    if "maxOutputTokens" in own:
        limit = own.pop("maxOutputTokens")
        unified["max_tokens"] = limit if type(limit) is int else asked(limit, int, "generationConfig.maxOutputTokens")
    return {**unified, **parse_form(own)} if own else unified


def parse_form(own: Json) -> Json:
    """What is left when the numbers are gone: where to stop, the form of the answer, thinking, and Google's own."""
    unified: Json = {}
    if "stopSequences" in own:
        unified["stop"] = strings(own.pop("stopSequences"), "generationConfig.stopSequences")
    if "responseModalities" in own:
        said = strings(own.pop("responseModalities"), "generationConfig.responseModalities")
        unified["modalities"] = [modality.lower() for modality in said]
    if own:
        unified |= parse_format(own)
    if "thinkingConfig" in own and (
        reasoning := parse_thinking(own.pop("thinkingConfig"), "generationConfig.thinkingConfig")
    ):
        unified["reasoning"] = reasoning
    return {**unified, "generationConfig": own} if own else unified


def strings(value: Any, path: str) -> list[str]:
    """A list of strings; an empty one asks for nothing and stays empty."""
    return [asked(each, str, f"{path}[{at}]") for at, each in enumerate(asked(value, list, path))]


def parse_format(own: Json) -> Json:
    """The form of the answer, taken out of `own`. OpenAI wants a name for a schema: its title, or `response`."""
    media_type = own.get("responseMimeType")
    schemas = [name for name in ("responseJsonSchema", "responseSchema") if name in own]
    if media_type is None or asked(media_type, str, "generationConfig.responseMimeType") == "text/plain":
        if schemas:
            raise wrong(f"generationConfig.{schemas[0]}", "needs the responseMimeType application/json")
        own.pop("responseMimeType", None)
        return {}
    if media_type != "application/json":
        return {}
    del own["responseMimeType"]
    if not schemas:
        return {"response_format": {"type": "json_object"}}
    schema = parse_schema(own.pop(schemas[0]), f"generationConfig.{schemas[0]}")
    title = schema.get("title")
    name = title if isinstance(title, str) and title else "response"
    return {"response_format": {"type": "json_schema", "json_schema": {"name": name, "schema": schema, "strict": True}}}


PARSERS: tuple[tuple[str, Callable[[Any], Json]], ...] = (
    ("tools", parse_tools),
    ("toolConfig", parse_tool_config),
    ("generationConfig", parse_config),
    ("serviceTier", parse_tier),
)
