"""Token counts: disjoint, cumulative, complete."""

from proxy.call import Usage
from proxy.dialects.anthropic.usage import merge_counts, parse_usage, render_usage, usage_of

REPORT = {
    "input_tokens": 2,
    "cache_creation_input_tokens": 77,
    "cache_read_input_tokens": 3522,
    "output_tokens": 43,
    "output_tokens_details": {"thinking_tokens": 20},
}


def test_buckets_are_disjoint_and_sum_to_the_total() -> None:
    usage = parse_usage({"usage": REPORT})
    assert usage == Usage(input=2, cache_read=3522, cache_write=77, output=23, reasoning=20)
    assert usage.total == 2 + 77 + 3522 + 43


def test_every_payload_that_reports_is_read() -> None:
    assert parse_usage({"type": "message_start", "message": {"usage": REPORT}}) == parse_usage({"usage": REPORT})
    assert parse_usage({"message": None, "usage": {"input_tokens": 7}}) == Usage(input=7)
    assert parse_usage({"usage": {"input_tokens": -1, "output_tokens": "7", "iterations": 5}}) == Usage()
    assert parse_usage({"type": "message_delta", "usage": {"output_tokens": 7}}) == Usage(output=7)
    assert parse_usage({"type": "ping"}) is parse_usage({"usage": None}) is None


def test_counts_are_cumulative_and_thinking_is_split_off_last() -> None:
    counts = merge_counts({}, {"message": {"usage": {"input_tokens": 600, "output_tokens": 50}}})
    merge_counts(
        counts,
        {"usage": {"input_tokens": 10423, "output_tokens": 60, "output_tokens_details": {"thinking_tokens": 20}}},
    )
    assert usage_of(counts) == Usage(input=10423, output=40, reasoning=20)


def test_a_compaction_is_paid_for_too() -> None:
    iterations = [
        {"type": "compaction", "input_tokens": 100, "output_tokens": 131, "cache_creation_input_tokens": 55096},
        {"type": "message", "input_tokens": 229, "output_tokens": 5},
    ]
    usage = parse_usage({"usage": {"input_tokens": 229, "output_tokens": 5, "iterations": iterations}})
    assert usage == Usage(input=329, cache_write=55096, output=136)


def test_usage_is_said_anthropics_way() -> None:
    wire = render_usage(
        Usage(input=2, cache_read=3, cache_write=4, output=5, reasoning=6, audio_input=7, audio_output=8)
    )
    assert wire == {
        "input_tokens": 9,
        "cache_creation_input_tokens": 4,
        "cache_read_input_tokens": 3,
        "output_tokens": 19,
        "output_tokens_details": {"thinking_tokens": 6},
    }
    assert "output_tokens_details" not in render_usage(Usage(output=5))
