"""A Converse request, as an app on an AWS SDK sends it, in the unified form.

Lossless for what the unified form can hold. Blocks without a unified word are carried as they are in `provider_blocks`,
members without one under their own name. Bytes are base64, as the SDKs write them. Source:
https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html.
"""

from __future__ import annotations

from typing import Any

from orjson import JSONDecodeError, loads

from proxy.call import Json
from proxy.dialects.bedrock.reasoning import take_reasoning
from proxy.dialects.bedrock.tools import parse_tools
from proxy.dialects.bedrock.turns import parse_messages
from proxy.dialects.checks import check_names, check_range, check_schema
from proxy.dialects.shape import asked, wrong

ADDITIONAL = "additionalModelRequestFields"
#: Members of the wire request that are said anew; every other keeps its name and value. A plain request has but the first.
SAID_FIRST = frozenset({"system", "messages", "toolConfig", "inferenceConfig", "modelId"})
SAID = SAID_FIRST | {ADDITIONAL, "outputConfig", "requestMetadata", "serviceTier"}
#: Member of `inferenceConfig` -> its unified name and its limits.
LIMITS: tuple[tuple[str, str, float, float | None], ...] = (
    ("maxTokens", "max_tokens", 1, None),
    ("temperature", "temperature", 0, 1),
    ("topP", "top_p", 0, 1),
)
#: Where families of models keep `top_k`.
TOP_K = ("top_k", "k")


def parse_request(wire: Json) -> Json:
    """Converse request -> unified request. Failure("invalid_request") names the member that is wrong."""
    plain = SAID_FIRST.issuperset(wire if type(wire) is dict else asked(wire, dict, "body"))
    unified: Json = {} if plain else {name: value for name, value in wire.items() if name not in SAID}
    unified["messages"] = parse_messages(wire)
    if wire.get("toolConfig") is not None:
        unified |= parse_tools(wire["toolConfig"])
        check_tools(unified["tools"])
    config = wire.get("inferenceConfig")
    if config is not None:
        take_inference(unified, config if type(config) is dict else asked(config, dict, "inferenceConfig"))
    return unified if plain else unified | parse_fields(wire) | parse_rest(wire)


def parse_fields(wire: Json) -> Json:
    """What is said in the model's own words, and what `outputConfig` says."""
    unified: Json = {}
    fields: Json = {}
    reasoning: Json = {}
    if wire.get(ADDITIONAL) is not None:
        fields = dict(asked(wire[ADDITIONAL], dict, ADDITIONAL))
        reasoning = take_reasoning(fields)
        unified |= take_top_k(fields) | take_one_call(fields)
    if wire.get("outputConfig") is not None:
        config = asked(wire["outputConfig"], dict, "outputConfig")
        unified |= parse_format(config.get("textFormat"))
        if config.get("effort") is not None:
            reasoning["effort"] = asked(config["effort"], str, "outputConfig.effort")
    if reasoning:
        unified["reasoning"] = reasoning
    if fields:
        unified[ADDITIONAL] = fields
    return unified


def parse_rest(wire: Json) -> Json:
    rest: Json = {}
    if wire.get("requestMetadata") is not None:
        rest["metadata"] = asked(wire["requestMetadata"], dict, "requestMetadata")
    if wire.get("serviceTier") is not None:
        tier = asked(wire["serviceTier"], dict, "serviceTier")
        rest["service_tier"] = asked(tier.get("type"), str, "serviceTier.type")
    return rest


def take_inference(unified: Json, config: Json) -> None:
    for name, ours, low, high in LIMITS:
        value = config.get(name)
        if value is not None:
            check_range(f"inferenceConfig.{name}", value, low, high)
            unified[ours] = value
    stop = config.get("stopSequences")
    if stop is not None:
        for index, entry in enumerate(asked(stop or [], list, "inferenceConfig.stopSequences")):
            asked(entry, str, f"inferenceConfig.stopSequences[{index}]")
        unified["stop"] = stop


def check_tools(tools: list[Json]) -> None:
    functions = [(index, tool["function"]) for index, tool in enumerate(tools) if "function" in tool]
    paths = [f"toolConfig.tools[{index}].toolSpec.name" for index, _ in functions]
    check_names([function["name"] for _, function in functions], paths)


def take_top_k(fields: Json) -> Json:
    for name in TOP_K:
        if type(fields.get(name)) is int:
            return {"top_k": fields.pop(name)}
    config = fields.get("inferenceConfig")
    if isinstance(config, dict) and config.keys() == {"topK"} and type(config["topK"]) is int:
        return {"top_k": fields.pop("inferenceConfig")["topK"]}
    return {}


def take_one_call(fields: Json) -> Json:
    """Claude's word for one call at a time. The choice itself is `toolConfig`'s."""
    choice = fields.get("tool_choice")
    if not isinstance(choice, dict) or choice.keys() != {"type", "disable_parallel_tool_use"}:
        return {}
    del fields["tool_choice"]
    return {"parallel_tool_calls": not choice["disable_parallel_tool_use"]}


def parse_format(form: Any) -> Json:
    """OpenAI wants a name for a schema: its own, its title, or `response`."""
    if form is None:
        return {}
    path = "outputConfig.textFormat.structure"
    structure = asked(asked(form, dict, "outputConfig.textFormat").get("structure"), dict, path)
    definition = asked(structure.get("jsonSchema"), dict, f"{path}.jsonSchema")
    try:
        schema = loads(asked(definition.get("schema"), str, f"{path}.jsonSchema.schema"))
    except JSONDecodeError:
        raise wrong(f"{path}.jsonSchema.schema", "is not the JSON text of a schema") from None
    check_schema(schema, f"{path}.jsonSchema.schema")
    names = (definition.get("name"), schema.get("title"))
    said: Json = {
        "name": next((name for name in names if isinstance(name, str) and name), "response"),
        "schema": schema,
    }
    if definition.get("description") is not None:
        said["description"] = asked(definition["description"], str, f"{path}.jsonSchema.description")
    return {"response_format": {"type": "json_schema", "json_schema": {**said, "strict": True}}}
