"""Two requests have one key where they ask the same, however they are written, and never where anything counts that differs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from proxy.cache.key import GOES_ON, IGNORED, PLAIN, REPEATED, canonical, context_of, digest, is_fixed
from proxy.call import Call, Client
from tests.goldens.spoken import DIALECTS
from tests.matrix.mutations import places, requests

FEW = settings(max_examples=60, deadline=None, database=None, suppress_health_check=list(HealthCheck), derandomize=True)
CONTEXT = context_of("one", 2)
EACH = pytest.mark.parametrize("dialect", DIALECTS)
WAY = pytest.mark.parametrize("wire", [False, True], ids=["understood", "as written"])
STRANGE = st.sampled_from(["\0strange", {"strange": 1}, ["strange"], 987654321, -0.125, True, "x" * 3000])


def call_of(asked: Any, wire: bool = False, operation: str = "chat") -> Call:
    body = orjson.dumps(asked) if wire else b"{}"
    client = cast(Client, None)
    return Call("id", "openai", operation, body, {} if wire else asked, "m", False, {}, client)


def key(asked: Any, wire: bool = False) -> str | None:
    return digest(CONTEXT, call_of(asked, wire), wire)


def copy(value: Any) -> Any:
    return orjson.loads(orjson.dumps(value))


def asked_in(dialect: str, wire: bool) -> st.SearchStrategy[dict[str, Any]]:
    """What is asked in a dialect: in its own words, or in the unified ones."""
    spoken = requests(dialect)
    found = spoken if wire else [DIALECTS[dialect].parse_request(copy(each)) for each in spoken]
    return st.sampled_from([each for each in found if not any(each.get(name) for name in GOES_ON)]).map(copy)


def counts(asked: Mapping[str, Any], container: Any, name: Any) -> bool:
    """Whether what stands there is said at all."""
    value = container[name]
    if container is asked:
        return value is not None and name not in IGNORED and not (name in PLAIN and value == PLAIN[name])
    return value is not None


def inside(asked: dict[str, Any]) -> list[tuple[Any, Any]]:
    """The places of everything that counts, and is not inside of what does not."""
    kept = {name: value for name, value in asked.items() if name not in IGNORED}
    top = [(asked, name) for name in kept]
    deep = [place for value in kept.values() for place in places(value)]
    return [(container, name) for container, name in top + deep if counts(asked, container, name)]


@EACH
@WAY
def test_whatever_is_said_otherwise_is_another_question(dialect: str, wire: bool) -> None:
    @FEW
    @given(asked_in(dialect, wire), st.integers(0, 10_000), STRANGE)
    def check(asked: dict[str, Any], where: int, strange: Any) -> None:
        before, found = key(asked, wire), inside(asked)
        assert before is not None
        container, name = found[where % len(found)]
        if type(container[name]) is type(strange) and container[name] == strange:
            return
        container[name] = strange
        assert key(asked, wire) != before

    check()


@EACH
@WAY
def test_whatever_is_left_out_is_another_question(dialect: str, wire: bool) -> None:
    @FEW
    @given(asked_in(dialect, wire), st.integers(0, 10_000))
    def check(asked: dict[str, Any], where: int) -> None:
        before, found = key(asked, wire), inside(asked)
        container, name = found[where % len(found)]
        del container[name]
        assert key(asked, wire) != before

    check()


@EACH
@WAY
def test_whatever_is_said_besides_is_another_question_also_deep_inside(dialect: str, wire: bool) -> None:
    """A field that comes up tomorrow counts from its first day."""

    @FEW
    @given(asked_in(dialect, wire), st.integers(0, 10_000))
    def check(asked: dict[str, Any], where: int) -> None:
        before = key(asked, wire)
        objects = [asked, *(each for c, n in inside(asked) if isinstance(each := c[n], dict))]
        objects[where % len(objects)]["comes_up_tomorrow"] = True
        assert key(asked, wire) != before

    check()


def reordered(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: reordered(value[name]) for name in reversed(value)}
    return [reordered(each) for each in value] if isinstance(value, list) else value


@EACH
@WAY
def test_the_same_in_another_order_or_for_somebody_else_is_the_same_question(dialect: str, wire: bool) -> None:
    @FEW
    @given(asked_in(dialect, wire), st.sampled_from(sorted(IGNORED)), STRANGE)
    def check(asked: dict[str, Any], ignored: str, strange: Any) -> None:
        before = key(asked, wire)
        assert key(reordered(asked), wire) == before
        assert key({**asked, ignored: strange}, wire) == before
        assert key({name: value for name, value in asked.items() if name != ignored}, wire) == before
        assert key({**asked, "never_said": None}, wire) == before

    check()


SAID: dict[str, Any] = {"messages": [{"role": "user", "content": "hi"}], "temperature": 0, "seed": 1}
SAME: Mapping[str, dict[str, Any]] = {
    "a whole number as a fraction": {**SAID, "temperature": 0.0},
    "a text as one part": {**SAID, "messages": [{"role": "user", "content": [{"type": "text", "text": "hi"}]}]},
    "null in a message": {**SAID, "messages": [{"role": "user", "content": "hi", "name": None}]},
    "null for a field": {**SAID, "top_p": None, "tools": None},
    "what is so anyway": {**SAID, "n": 1, "tools": [], "stop": []},
}
OTHER: Mapping[str, dict[str, Any]] = {
    "another number": {**SAID, "temperature": 1e-9},
    "false for nought": {**SAID, "temperature": False},
    "true for one": {**SAID, "n": True},
    "a text as a number": {**SAID, "seed": "1"},
    "two parts": {**SAID, "messages": [{"role": "user", "content": [{"type": "text", "text": part} for part in "hi"]}]},
    "a part that is marked": {
        **SAID,
        "messages": [{"role": "user", "content": [{"type": "text", "text": "hi", "cache_control": {"type": "ephemeral"}}]}],
    },
    "a part of another kind": {**SAID, "messages": [{"role": "user", "content": [{"type": "input_text", "text": "hi"}]}]},
    "a message more": {**SAID, "messages": [*SAID["messages"], {"role": "user", "content": ""}]},
    "two answers": {**SAID, "n": 2},
    "another role": {**SAID, "messages": [{"role": "developer", "content": "hi"}]},
}  # fmt: skip


def test_what_does_not_count_is_a_short_list() -> None:
    whom = {"user", "safety_identifier", "metadata", "prompt_cache_key", "prompt_cache_retention"}
    how = {"model", "stream", "stream_options", "timeout", "fallbacks", "cache"}
    assert whom | how == IGNORED
    assert whom | {"stream_options"} == REPEATED


@pytest.mark.parametrize("words", SAME)
def test_ways_of_writing_the_same(words: str) -> None:
    assert key(SAME[words]) == key(SAID) is not None


@pytest.mark.parametrize("words", OTHER)
def test_what_looks_the_same_and_is_not(words: str) -> None:
    assert key(OTHER[words]) != key(SAID)


def test_a_system_prompt_is_the_first_message() -> None:
    said = {"system": "s", "messages": [{"role": "user", "content": "hi"}]}
    same = {"messages": [{"role": "system", "content": "s"}, {"role": "user", "content": "hi"}]}
    other = {"messages": [{"role": "user", "content": "hi"}, {"role": "system", "content": "s"}]}
    assert key(said) == key(same) != key(other)


def test_nothing_of_a_request_is_changed_by_writing_it_down() -> None:
    asked = {**SAME["a text as one part"], "system": "s", "n": 1, "user": "me", "top_p": 1.0}
    before = copy(asked)
    assert canonical(asked) != asked
    assert asked == before


def test_what_is_repeated_to_the_caller_counts_where_that_is_said() -> None:
    def counted(asked: dict[str, Any]) -> str | None:
        return digest(CONTEXT, call_of(asked), False, IGNORED - REPEATED)

    assert counted({"user": "a"}) != counted({"user": "b"})
    assert counted({"timeout": 1}) == counted({"timeout": 2})


@pytest.mark.parametrize("name", sorted(GOES_ON))
def test_what_goes_on_with_something_that_lies_elsewhere_has_no_key(name: str) -> None:
    assert key({**SAID, name: "conv_1"}) is None
    assert key({**SAID, name: None}) == key(SAID)
    assert key({**SAID, name: False}) is not None


@pytest.mark.parametrize("odd", [{"text": "\ud800"}, {"number": 2**70}, {"temperature": 1e300}])
def test_what_cannot_be_written_down_has_no_key(odd: dict[str, Any]) -> None:
    assert key(odd) is None


def test_what_a_hasher_has_read_counts_and_is_not_changed() -> None:
    one, other = context_of("a", "b"), context_of("ab")
    before = one.hexdigest()
    keys = {
        digest(hasher, call_of(SAID), False)
        for hasher in (one, other, context_of(["a"], "b"), context_of("a", "b", None))
    }
    assert len(keys) == 4
    assert one.hexdigest() == before
    found = key(SAID)
    assert found is not None
    assert (len(found), int(found, 16) > 0) == (40, True)


@pytest.mark.parametrize(
    ("asked", "operation", "fixed"),
    [
        ({"temperature": 0}, "chat", True),
        ({"temperature": 0.0}, "completions", True),
        ({"seed": 0}, "chat", True),
        ({"seed": None}, "chat", False),
        ({"temperature": 1e-9}, "chat", False),
        ({}, "chat", False),
        ({}, "completions", False),
        ({}, "embeddings", True),
        ({}, "rerank", True),
    ],
)
def test_who_draws_by_lot(asked: dict[str, Any], operation: str, fixed: bool) -> None:
    assert is_fixed(call_of(asked, operation=operation)) is fixed
