"""Google's own form of a schema, out of OpenAPI 3.0, as JSON Schema. What is JSON Schema already comes back as it was.

Types are in capitals there, `nullable` is a member, counts are strings now and then, and members may be spelled in two ways.
The way back is not needed: `parametersJsonSchema` and `responseJsonSchema` take JSON Schema. Source:
https://ai.google.dev/api/caching#Schema.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from proxy.call import Json
from proxy.dialects.checks import DEEPEST_SCHEMA, check_schema
from proxy.dialects.gemini.spelling import camel_name
from proxy.dialects.shape import wrong

COUNTS = frozenset({"maxItems", "maxLength", "maxProperties", "minItems", "minLength", "minProperties"})
LISTS = ("anyOf", "oneOf", "allOf", "prefixItems")
ONES = ("items", "additionalProperties")
NAMED = ("properties", "$defs", "definitions")
#: The members of Google's form that have a `_` in their other spelling.
MEMBERS = frozenset(
    {
        *("additional_properties", "any_of", "max_items", "max_length", "max_properties", "min_items", "min_length"),
        *("min_properties", "one_of", "property_ordering"),
    }
)


def parse_schema(schema: Any, path: str) -> Json:
    """JSON Schema of Google's form. Failure("invalid_request") names what is no schema."""
    said = converted(schema, path, 0)
    check_schema(said, path)
    return dict(said)


def converted(schema: Any, path: str, depth: int) -> Any:
    if not isinstance(schema, dict):
        return schema
    if depth > DEEPEST_SCHEMA:
        raise wrong(path, f"is nested more than {DEEPEST_SCHEMA} deep")
    said = dict(members_of(schema))
    for name in LISTS:
        if isinstance(said.get(name), list):
            said[name] = [converted(inner, path, depth + 1) for inner in said[name]]
    for name in ONES:
        if isinstance(said.get(name), dict):
            said[name] = converted(said[name], path, depth + 1)
    for name in NAMED:
        if isinstance(said.get(name), dict):
            said[name] = {key: converted(inner, path, depth + 1) for key, inner in said[name].items()}
    return said


def members_of(schema: Json) -> Iterator[tuple[str, Any]]:
    """The members of one schema in JSON Schema's words; those of the schemas in it are still to be said."""
    for name, value in schema.items():
        if value is None or name == "nullable" or value == "TYPE_UNSPECIFIED":
            continue
        name = camel_name(name) if name in MEMBERS else name
        if name == "type":
            yield name, type_of(value, schema.get("nullable") is True)
        elif name in COUNTS and isinstance(value, str) and value.isdecimal():
            yield name, int(value[:18])
        else:
            yield name, value


def type_of(kind: Any, nullable: bool) -> Any:
    names = [name.lower() if isinstance(name, str) else name for name in (kind if isinstance(kind, list) else [kind])]
    if nullable and "null" not in names:
        names.append("null")
    return names if len(names) > 1 or isinstance(kind, list) else names[0]
