"""Real messages with something wrong in them, for every reader of foreign input.

What providers and applications really say is taken apart and put together wrongly: far more of it gets past a parser's
first check than of JSON made from nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

import orjson
from hypothesis import strategies as st

from proxy.call import Json
from tests.goldens.cases import CASES
from tests.goldens.crossing import client_request, target_reply
from tests.goldens.spoken import DIALECTS, events_of
from tests.goldens.streams import streams

#: A dialect that says the same as another is fed the other's messages too.
RELATIVES: Mapping[str, str] = {
    "gemini_array": "gemini",
    "gemini_one": "gemini",
    "bedrock_invoke": "anthropic",
    "vertex_claude": "anthropic",
    "vertex_gemini": "gemini",
    "ollama_generate": "ollama",
    "ollama_legacy": "ollama",
}


def family(dialect: str) -> str:
    return RELATIVES.get(dialect, dialect)


@cache
def requests(dialect: str) -> list[Json]:
    known = (client_request(case, DIALECTS[family(dialect)]) for case in CASES.values())
    return [wire for wire in known if wire is not None]


@cache
def replies(dialect: str) -> list[Json]:
    spoken = DIALECTS[family(dialect)]
    return [target_reply(case, spoken) for case in CASES.values() if case.reply is not None]


@cache
def events(dialect: str) -> list[tuple[str, bytes]]:
    """Every event of the streams of a dialect, named as its frames name them."""
    found = [
        (event.name, event.data)
        for stream in streams()
        if stream.dialect.name == family(dialect)
        for event in events_of(stream.dialect, stream.data)
    ]
    return list(dict.fromkeys(found))


# ---- something wrong


def nested(depth: int, opening: str, closing: str) -> Any:
    return orjson.loads(opening * depth + "1" + closing * depth)


#: As deep as JSON can be read here. A name stands for each where examples are drawn and told.
BOMBS: Mapping[str, Any] = {
    "<lists>": nested(900, "[", "]"),
    "<objects>": nested(900, '{"a":', "}"),
    "<properties>": nested(400, '{"properties":{"a":', "}}"),
    "<items>": nested(400, '{"items":[', "]}"),
    "<content>": nested(400, '{"type":"tool_result","content":[', "]}"),
}
#: Deeper than any message; nothing is looked for inside a bomb.
DEEPEST = 40
LEAVES = (
    st.none()
    | st.booleans()
    | st.sampled_from([0, 1, -1, 2**31, 2**53, 2**63 - 1, -(2**63), 2**64 - 1, 1.5, -0.0, 1e308])
    | st.sampled_from(
        ["", " ", "a", "\0", "\ufffe", "data:", "data:image/png;base64,@", "https://", "call_a", "\U0001f600"]
    )
    | st.sampled_from(list(BOMBS))
)
ANYTHING = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(st.sampled_from(["type", "text", "name", "id", "content"]), inner, max_size=3)
    ),
    max_leaves=4,
)


def places(value: Any, depth: int = 0) -> Iterator[tuple[Any, Any]]:
    """(container, key) of every member inside."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, member in list(inner):
        yield value, key
        if depth < DEEPEST:
            yield from places(member, depth + 1)


def mutated(original: Any, wrongs: list[tuple[int, str, Any]]) -> Any:
    """`original` with members replaced, taken out, doubled, or swapped with another."""
    value = orjson.loads(orjson.dumps(original))
    found = list(places(value))
    for where, what, instead in wrongs if found else ():
        container, key = found[where % len(found)]
        if key not in (container if isinstance(container, dict) else range(len(container))):
            continue
        if what == "remove":
            del container[key]
        elif what == "double" and isinstance(container, list):
            container.append(container[key])
        elif what == "swap":
            container[key] = orjson.loads(orjson.dumps(original[list(original)[where % len(original)]]))
        else:
            container[key] = BOMBS.get(instead, instead) if isinstance(instead, str) else instead
    return value


WRONGS = st.lists(
    st.tuples(st.integers(0, 10_000), st.sampled_from(["replace", "replace", "remove", "double", "swap"]), ANYTHING),
    max_size=3,
)


def mutations(originals: list[Any]) -> st.SearchStrategy[Any]:
    return st.builds(mutated, st.sampled_from([it for it in originals if it]), WRONGS) | ANYTHING
