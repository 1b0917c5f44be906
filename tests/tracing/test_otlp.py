"""Our bytes against OpenTelemetry's own package: what is written is read there as it was meant, and the other way round."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse

from proxy.tracing.otlp import (
    CLIENT,
    ERROR,
    NOTHING,
    Rejected,
    SpanData,
    Value,
    attribute,
    parse_response,
    read_varint,
    render_request,
    render_resource,
    render_scope,
    render_span,
    varint,
)
from tests.tracing.receiver import Received, partly, spans_in

TEXTS = st.text(st.characters(exclude_categories=["Cs"]))
VALUES: Any = st.one_of(
    TEXTS,
    st.booleans(),
    st.integers(-(1 << 63), (1 << 63) - 1),
    st.floats(allow_nan=False),
    st.lists(TEXTS, max_size=3).map(tuple),
)
PLAIN = SpanData("a" * 32, "b" * 16, "", False, "", "name", CLIENT, 1.5, 2.5, {})


def sent(*spans: SpanData, resource: dict[str, Value] | None = None) -> list[Received]:
    begin = render_resource(resource or {}), render_scope("scope", "1")
    return spans_in(render_request(*begin, map(render_span, spans)))


def plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


@given(st.dictionaries(TEXTS, VALUES, max_size=8), TEXTS, TEXTS, st.none() | TEXTS)
def test_what_is_written_is_read(attributes: dict[str, Value], name: str, state: str, error: str | None) -> None:
    [received] = sent(PLAIN._replace(attributes=attributes, name=name, state=state, error=error))
    assert received.attributes == {key: plain(value) for key, value in attributes.items()}
    assert (received.name, received.span.trace_state, received.span.kind) == (name, state, CLIENT)
    assert (received.span.status.code, received.span.status.message) == ((0, "") if error is None else (ERROR, error))
    assert (received.trace_id, received.id, received.parent) == (PLAIN.trace_id, PLAIN.id, "")
    assert (received.span.start_time_unix_nano, received.span.end_time_unix_nano) == (1_500_000_000, 2_500_000_000)
    assert received.scope == ("scope", "1")


def test_parents() -> None:
    far, near = sent(PLAIN._replace(parent="c" * 16, remote=True), PLAIN._replace(parent="c" * 16))
    assert (far.parent, near.parent) == ("c" * 16, "c" * 16)
    assert (far.span.flags, near.span.flags) == (0x301, 0x101)


def test_a_resource() -> None:
    assert sent(PLAIN, resource={"service.name": "s", "n": 1})[0].resource == {"service.name": "s", "n": 1}


def test_a_span_does_not_end_before_it_begins() -> None:
    [received] = sent(PLAIN._replace(ended=1.0))
    assert received.span.end_time_unix_nano == received.span.start_time_unix_nano


@pytest.mark.parametrize(
    ("value", "read"),
    [(1 << 64, (1 << 63) - 1), (-(1 << 70), -(1 << 63)), ("\ud800", "?"), ("x" * 5000, "x" * 5000), ((), [])],
)
def test_values_at_the_edge(value: Any, read: Any) -> None:
    [received] = sent(PLAIN._replace(attributes={"a": value}))
    assert received.attributes == {"a": read}


def test_what_comes_again_is_written_once() -> None:
    assert attribute("a", "again and again") is attribute("a", "again and again")
    assert attribute("a", "x" * 1000) is not attribute("a", "x" * 1000)


@given(st.integers(0, (1 << 64) - 1))
def test_numbers(number: int) -> None:
    written = varint(number)
    assert read_varint(b"\xff" + written + b"\x01", 1) == (number, len(written) + 1)


def test_what_was_rejected() -> None:
    assert parse_response(b"") == NOTHING
    assert parse_response(bytes(ExportTraceServiceResponse().SerializeToString())) == NOTHING
    assert parse_response(partly(7, "because")) == Rejected(7, "because")
    assert parse_response(partly(0, "a hint")) == Rejected(0, "a hint")
    assert parse_response(partly(-1, "")) == NOTHING


@given(st.binary(max_size=200))
def test_any_answer(data: bytes) -> None:
    assert isinstance(parse_response(data), Rejected)
    assert isinstance(parse_response(b"\x0a" + varint(len(data)) + data), Rejected)


@pytest.mark.parametrize(
    "data", [b"\x0a\x05ab", b"\x0b", b"\x80" * 11, b"\x0a\x02\x08", b"\x0d\x01", b"\x08\x01", b"\x0a\x02\x0a\x00"]
)
def test_answers_that_are_none(data: bytes) -> None:
    assert parse_response(data) == NOTHING
