"""Token counts in disjoint buckets, and back."""

import pytest

from proxy.call import Json, Usage
from proxy.dialects.responses.usage import gather_usage, parse_usage, render_usage

WIRE: Json = {
    "input_tokens": 100,
    "input_tokens_details": {"cached_tokens": 60, "cache_write_tokens": 10},
    "output_tokens": 50,
    "output_tokens_details": {"reasoning_tokens": 20},
    "total_tokens": 150,
}
USAGE = Usage(input=30, cache_read=60, cache_write=10, output=30, reasoning=20)


def test_counts_are_taken_apart_and_put_together() -> None:
    assert parse_usage({"usage": WIRE}) == USAGE
    assert render_usage(USAGE) == WIRE


def test_a_stream_reports_inside_its_response() -> None:
    assert parse_usage({"type": "response.completed", "response": {"usage": WIRE}}) == USAGE
    assert parse_usage({"type": "response.created", "response": {"usage": None}}) is None


@pytest.mark.parametrize("wire", [None, [], {}, {"usage": 3}, {"response": {"usage": []}}])
def test_nothing_is_reported(wire: object) -> None:
    assert parse_usage(wire) is None


def test_reports_are_never_added_up() -> None:
    begun, ended = {"response": {"usage": {"input_tokens": 100}}}, {"response": {"usage": WIRE}}
    assert gather_usage([begun, {}, ended, begun]) == USAGE
    assert gather_usage([{}]) is None


def test_audio_is_counted_with_the_rest() -> None:
    said = render_usage(Usage(input=1, audio_input=2, output=3, audio_output=4))
    assert (said["input_tokens"], said["output_tokens"], said["total_tokens"]) == (3, 7, 10)
