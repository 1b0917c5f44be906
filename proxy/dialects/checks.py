"""What is wrong with a request whoever is to answer it: numbers out of range, schemas that are none, content that is not what it
says, results nobody asked for.

Each check is given the path by which the caller knows the field, and raises Failure("invalid_request") that names it; what it has
nothing to say of passes. It refuses to know dialects: which fields there are, and within which limits, stands with each of them.
Every check is linear in what it looks at, and none goes deeper by calling itself. Sources: JSON Schema 2020-12, section 10
(https://json-schema.org/draft/2020-12/json-schema-core), RFC 4648, section 4, and each format's own first bytes.
"""

from __future__ import annotations

import binascii
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from proxy.dialects.shape import asked, wrong

NUMBERS = (int, float)


def check_range(path: str, value: Any, low: float, high: float | None = None) -> None:
    """A number from `low` to `high`, both allowed. None passes, for it stands for absence; a `high` of None is no end."""
    if value is None:
        return
    if type(value) not in NUMBERS:
        raise wrong(path, "must be a number")
    if value < low or (high is not None and value > high):
        rule = f"at least {low}" if high is None else f"between {low} and {high}"
        raise wrong(path, f"must be {rule}, not {value}")


def check_version(header: str, value: str | None, known: Collection[str]) -> None:
    """The version that a door's header asks for; None passes."""
    if value is not None and value not in known:
        raise wrong(header, f"must be one of {', '.join(sorted(known))}, not {value[:40]!r}")


def check_names(names: Sequence[str], paths: Sequence[str]) -> None:
    """No name twice. `paths` says where each stands; the second of two alike is the one at fault."""
    if len(set(names)) == len(names):
        return
    seen: set[str] = set()
    for name, path in zip(names, paths, strict=True):
        if name in seen:
            raise wrong(path, f"must differ from the others, and there is another {name[:80]!r}")
        seen.add(name)


# ---- results of tools


def check_results(messages: Iterable[Mapping[str, Any]], path_of: Callable[[int], str]) -> None:
    """Every `tool` message answers a call that an assistant has made before it, and a call has one answer: OpenAI, Anthropic and
    Gemini refuse anything else. `path_of` says where the id of a message stands. An id that is called anew may be answered anew.

    A call without an answer passes: some providers take it.
    """
    unanswered: dict[str, int] = {}
    for index, message in enumerate(messages):
        if message.get("role") == "assistant":
            unanswered |= Counter(calls_in(message))
        elif message.get("role") == "tool" and isinstance(called := message.get("tool_call_id"), str):
            left = unanswered.get(called)
            if not left:
                rule = (
                    "which no assistant message before it has called"
                    if left is None
                    else "which has its result already"
                )
                raise wrong(path_of(index), f"is {called[:80]!r}, {rule}")
            unanswered[called] = left - 1


def calls_in(message: Mapping[str, Any]) -> Iterator[str]:
    calls = message.get("tool_calls")
    for call in calls if isinstance(calls, list) else ():
        if isinstance(call, dict) and isinstance(call.get("id"), str):
            yield call["id"]


# ---- content by value

ALPHABET = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
EITHER = ALPHABET + b"-_"
LARGEST_IMAGE = 20 << 20
#: Characters of base64 that hold every first byte below, and a PDF's, which may stand a little later (ISO 32000-2, annex I).
HEAD = 64
PDF_HEAD = 1368

MAGIC: Mapping[str, tuple[bytes, ...]] = {
    "image/png": (b"\x89PNG\r\n\x1a\n",),
    "image/jpeg": (b"\xff\xd8\xff",),
    "image/jpg": (b"\xff\xd8\xff",),
    "image/gif": (b"GIF87a", b"GIF89a"),
    "image/webp": (b"RIFF",),
    "application/pdf": (b"%PDF-",),
}


def check_base64(data: Any, media_type: str, path: str, limit: int = LARGEST_IMAGE, either: bool = False) -> None:
    """Base64 with its padding, whose first bytes are those of `media_type` where they are known.

    An image has at most `limit` bytes. `either`: the alphabet for file names (RFC 4648, section 5) and missing padding are taken
    too, as protobuf's JSON form has it.
    """
    text = asked(data, str, path)
    if not text:
        raise wrong(path, "is empty")
    if media_type.startswith("image/") and len(text) // 4 * 3 > limit:
        raise wrong(path, f"is an image of more than {limit} bytes")
    if not is_base64(text, either):
        raise wrong(path, "is not valid base64")
    if media_type in MAGIC and not begins_as(media_type, text):
        raise wrong(path, f"is declared as {media_type}, and its content is something else")


def is_base64(text: str, either: bool) -> bool:
    """Looked at without being decoded: it may be large."""
    bare = text.rstrip("=") if text.endswith("=") else text
    padding = len(text) - len(bare)
    if not bare.isascii() or len(bare) % 4 == 1 or padding > 2:
        return False
    if len(text) % 4 and not (either and not padding):
        return False
    return not bare.encode().translate(None, EITHER if either else ALPHABET)


def begins_as(media_type: str, text: str) -> bool:
    size = PDF_HEAD if media_type == "application/pdf" else HEAD
    piece = text[:size].rstrip("=").replace("-", "+").replace("_", "/")
    head = binascii.a2b_base64(piece + "=" * (-len(piece) % 4))
    if media_type == "application/pdf" and len(head) > 5:
        return b"%PDF-" in head
    if media_type == "image/webp" and len(head) >= 12:
        return head.startswith(b"RIFF") and head[8:12] == b"WEBP"
    return any(head[: len(magic)] == magic[: len(head)] for magic in MAGIC[media_type])


# ---- JSON Schema

TYPES = frozenset({"string", "number", "integer", "boolean", "object", "array", "null"})
DEEPEST_SCHEMA = 100
MOST_SCHEMAS = 20_000
#: Keyword -> what stands there: a schema, a list of them, or an object of them by name. `items` was a list before 2020-12.
SCHEMAS_AT = frozenset(
    {
        *("items", "additionalProperties", "not", "if", "then", "else", "contains", "propertyNames", "additionalItems"),
        *("unevaluatedItems", "unevaluatedProperties"),
    }
)
SCHEMAS_IN = frozenset({"anyOf", "oneOf", "allOf", "prefixItems"})
SCHEMAS_BY_NAME = frozenset({"properties", "patternProperties", "$defs", "definitions", "dependentSchemas"})
LISTS = frozenset({"required", "enum"})
STRINGS = frozenset({"$ref", "pattern"})
LOOKED_AT = SCHEMAS_AT | SCHEMAS_IN | SCHEMAS_BY_NAME | LISTS | STRINGS
MAY_BE_EMPTY = frozenset({"items", "prefixItems"})


class Place(NamedTuple):
    """A schema within a schema, by keyword and name or index. Its path is put together only when there is something wrong."""

    schema: Any
    parent: Place | None
    keyword: str
    key: str | int | None = None

    def path(self) -> str:
        above = self.parent.path() + "." if self.parent else ""
        below = "" if self.key is None else f"[{self.key}]" if isinstance(self.key, int) else f".{self.key[:80]}"
        return above + self.keyword + below


def check_schema(schema: Any, path: str, types: Collection[str] = TYPES) -> None:
    """A JSON Schema whose keywords have the right form. It need not be true of anything, nor its `$ref` lead anywhere.

    `types` are the names of types, for dialects that spell them otherwise. A member that is null counts as absent.
    """
    level = [Place(asked(schema, dict, path), None, path)]
    depth = seen = 0
    while level:
        depth, seen = depth + 1, seen + len(level)
        if depth > DEEPEST_SCHEMA or seen > MOST_SCHEMAS:
            raise wrong(
                path, f"is nested more than {DEEPEST_SCHEMA} deep, or has more than {MOST_SCHEMAS} schemas in it"
            )
        deeper: list[Place] = []
        for place in level:
            inner = place.schema
            if type(inner) is dict:
                kind = inner.get("type")
                if kind is not None and (type(kind) is not str or kind not in types):
                    check_types(kind, place, types)
                if not LOOKED_AT.isdisjoint(inner):
                    deeper += look_into(place)
            elif type(inner) is not bool:
                raise wrong(place.path(), "must be a schema: an object, true or false")
        level = deeper


def check_types(kinds: Any, place: Place, types: Collection[str]) -> None:
    """What is no name of a type may be a list of them."""
    if type(kinds) is not list or not kinds or not all(type(kind) is str and kind in types for kind in kinds):
        raise wrong(f"{place.path()}.type", f"must be one of {', '.join(sorted(types))}, or an array of them")


def look_into(place: Place) -> Iterator[Place]:
    """The keywords that have a form, and the schemas in them."""
    for keyword, value in place.schema.items():
        if keyword not in LOOKED_AT or value is None:
            continue
        if keyword in SCHEMAS_BY_NAME:
            if type(value) is not dict:
                raise wrong(f"{place.path()}.{keyword}", "must be an object")
            for name, inner in value.items():
                yield Place(inner, place, keyword, name)
        elif keyword in SCHEMAS_IN or (keyword == "items" and type(value) is list):
            if type(value) is not list or not (value or keyword in MAY_BE_EMPTY):
                raise wrong(f"{place.path()}.{keyword}", "must be an array of schemas")
            for index, inner in enumerate(value):
                yield Place(inner, place, keyword, index)
        elif keyword in SCHEMAS_AT:
            yield Place(value, place, keyword)
        else:
            check_keyword(keyword, value, place)


def check_keyword(keyword: str, value: Any, place: Place) -> None:
    if keyword in STRINGS:
        asked(value, str, f"{place.path()}.{keyword}")
    elif type(value) is not list:
        raise wrong(f"{place.path()}.{keyword}", "must be an array")
    elif keyword == "required" and not all(type(name) is str for name in value):
        raise wrong(f"{place.path()}.required", "must be an array of strings")
