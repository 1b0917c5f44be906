"""The smallest instance of a JSON Schema: what the mock gives as tool arguments and structured answers.

Knows the keywords that structured outputs and tool parameters use (https://json-schema.org/draft/2020-12): type, enum,
const, properties, required, items, prefixItems, the length and number bounds, multipleOf, format, anyOf, oneOf, allOf
and local $ref. It refuses to solve `pattern`, `not`, `if` and remote references, and ends on any input: what lies
deeper than DEPTH or costs more than BUDGET values becomes null.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

DEPTH = 32
BUDGET = 10_000
LONGEST = 10_000
SAFE = 2**53 - 1

FORMATS: Mapping[str, str] = {
    "date": "2025-01-01",
    "date-time": "2025-01-01T00:00:00Z",
    "time": "00:00:00Z",
    "duration": "PT0S",
    "email": "a@example.com",
    "hostname": "example.com",
    "ipv4": "127.0.0.1",
    "ipv6": "::1",
    "uri": "http://example.com",
    "uuid": "00000000-0000-4000-8000-000000000000",
}


def smallest(schema: object) -> Any:
    """The smallest JSON value that satisfies `schema`: required properties only, empty strings, numbers near zero."""
    return _Builder(schema).build(schema, 0)


class _Builder:
    def __init__(self, root: object) -> None:
        self._root = root
        self._budget = BUDGET

    def build(self, schema: object, depth: int) -> Any:
        self._budget -= 1
        if not isinstance(schema, dict) or depth > DEPTH or self._budget < 0:
            return None
        if "const" in schema:
            return schema["const"]
        options = schema.get("enum")
        if isinstance(options, list) and options:
            return options[0]
        inner = self._inner(schema)
        if inner is not None:
            return self.build(inner, depth + 1)
        return self._typed(schema, depth)

    def _inner(self, schema: dict[str, Any]) -> dict[str, Any] | None:
        """The schema with its first composing keyword resolved, or None where it has none."""
        for keyword, resolve in (("$ref", self._resolve), ("anyOf", _first), ("oneOf", _first), ("allOf", _merge)):
            if keyword in schema:
                rest = {name: value for name, value in schema.items() if name != keyword}
                return _merge([rest, resolve(schema[keyword])])
        return None

    def _resolve(self, reference: object) -> object:
        if not isinstance(reference, str) or not reference.startswith("#"):
            return {}
        found = self._root
        for step in reference[1:].split("/")[1:]:
            found = found.get(step.replace("~1", "/").replace("~0", "~")) if isinstance(found, dict) else None
        return found

    def _typed(self, schema: dict[str, Any], depth: int) -> Any:
        kind = _type(schema)
        if kind == "object":
            return self._object(schema, depth)
        if kind == "array":
            return self._array(schema, depth)
        return SCALARS[kind](schema)

    def _object(self, schema: dict[str, Any], depth: int) -> dict[str, Any]:
        properties = _dict(schema.get("properties"))
        names = [name for name in _list(schema.get("required")) if isinstance(name, str)]
        return {name: self.build(properties.get(name), depth + 1) for name in dict.fromkeys(names)}

    def _array(self, schema: dict[str, Any], depth: int) -> list[Any]:
        first = _list(schema.get("prefixItems"))
        length = min(_bound(schema, "minItems"), BUDGET)
        schemas = (first + [schema.get("items")] * (length - len(first)))[:length]
        return [self.build(item, depth + 1) for item in schemas if self._budget > 0]


def _type(schema: dict[str, Any]) -> str:
    stated = schema.get("type")
    names = [name for name in (stated if isinstance(stated, list) else [stated]) if isinstance(name, str)]
    known = [name for name in names if name in SCALARS or name in ("object", "array")]
    if known:
        return min(known, key=lambda name: name == "null")
    return "object" if "properties" in schema else "array" if "items" in schema else "null" if not schema else "string"


def _string(schema: dict[str, Any]) -> str:
    return FORMATS.get(str(schema.get("format")), "x" * min(_bound(schema, "minLength"), LONGEST))


def _integer(schema: dict[str, Any]) -> int:
    step = _number_at(schema, "multipleOf", 1)
    step = int(step) if step >= 1 else 1
    low = max(_number_at(schema, "minimum", -SAFE), _number_at(schema, "exclusiveMinimum", -SAFE - 1) + 1)
    high = min(_number_at(schema, "maximum", SAFE), _number_at(schema, "exclusiveMaximum", SAFE + 1) - 1)
    nearest = -(-low // step) * step if low > 0 else high // step * step if high < 0 else 0
    return int(max(-SAFE, min(SAFE, nearest)))


def _number(schema: dict[str, Any]) -> float:
    whole = _integer(schema)
    low, high = _number_at(schema, "minimum", -SAFE), _number_at(schema, "maximum", SAFE)
    over = _number_at(schema, "exclusiveMinimum", -SAFE)
    under = _number_at(schema, "exclusiveMaximum", SAFE)
    if low <= whole <= high and over < whole < under:
        return whole
    return (max(low, over) + min(high, under)) / 2


def _number_at(schema: dict[str, Any], keyword: str, default: float) -> float:
    value = schema.get(keyword)
    return value if isinstance(value, int | float) and not isinstance(value, bool) else default


def _bound(schema: dict[str, Any], keyword: str) -> int:
    return max(0, int(_number_at(schema, keyword, 0)))


def _first(options: object) -> object:
    """The first alternative that is not null, for `T | None` is most often written as anyOf."""
    found = [option for option in _list(options) if _dict(option).get("type") != "null"]
    return found[0] if found else {"type": "null"}


def _merge(schemas: object) -> dict[str, Any]:
    merged: dict[str, Any] = {}
    for schema in map(_dict, _list(schemas)):
        properties = {**_dict(merged.get("properties")), **_dict(schema.get("properties"))}
        required = _list(merged.get("required")) + _list(schema.get("required"))
        merged |= schema
        merged |= ({"properties": properties} if properties else {}) | ({"required": required} if required else {})
    return merged


def _dict(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


SCALARS: Mapping[str, Callable[[dict[str, Any]], Any]] = {
    "string": _string,
    "integer": _integer,
    "number": _number,
    "boolean": lambda schema: False,
    "null": lambda schema: None,
}
