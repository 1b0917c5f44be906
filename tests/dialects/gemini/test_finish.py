"""How an answer ended, in both directions."""

import pytest

from proxy.dialects.gemini.finish import FINISH_REASONS, OTHERS, REASONS, blocked, finish_of, reason_of, refusal_of


@pytest.mark.parametrize("reason", [*FINISH_REASONS, *OTHERS, "SOMETHING_NEW"])
def test_every_word_of_googles_comes_back(reason: str) -> None:
    ended = finish_of(reason, False, {"avgLogprobs": -1})
    assert ended["finish_reason"] == FINISH_REASONS.get(reason, reason)
    assert reason_of(ended) == {"finishReason": reason, "avgLogprobs": -1}


def test_words_of_nobodys_table() -> None:
    assert reason_of({"finish_reason": "pause_turn", "native_finish_reason": "pause_turn"}) == {
        "finishReason": "pause_turn"
    }
    assert reason_of({"finish_reason": None}) == reason_of({}) == {"finishReason": "STOP"}


def test_calls_end_with_stop() -> None:
    assert finish_of("STOP", True, {})["finish_reason"] == "tool_calls"
    assert finish_of("MAX_TOKENS", True, {})["finish_reason"] == "length"


@pytest.mark.parametrize("finish", REASONS)
def test_unified_words(finish: str) -> None:
    assert reason_of({"finish_reason": finish, "native_finish_reason": "end_turn"})["finishReason"] == REASONS[finish]


def test_refusals() -> None:
    assert refusal_of("SAFETY", {"finishMessage": "no"}) == "no"
    assert refusal_of("STOP", {"finishMessage": "done"}) is None
    assert blocked({"blockReason": "SAFETY"}) == ("SAFETY", None)
    assert blocked({"blockReason": "OTHER", "blockReasonMessage": "why"}) == ("OTHER", "why")
    assert blocked({"safetyRatings": []}) is None
    assert blocked(None) is None
