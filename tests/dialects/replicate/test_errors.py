"""Replicate's problems and failed predictions, each as it has been seen, and the Failure that it is."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from proxy.call import Failure
from proxy.dialects.replicate.errors import failure_of, failure_of_end, parse_error

INVALID = {
    "detail": "- input.top_p: Must be less than or equal to 1\n",
    "status": 422,
    "title": "Input validation failed",
    "invalid_fields": [
        {"type": "number_lte", "field": "input.top_p", "description": "Must be less than or equal to 1"}
    ],
}
NO_CREDIT = {"title": "Insufficient credit", "detail": "You have insufficient credit to run this model.", "status": 402}
NO_VERSION = {
    "title": "Invalid version or not permitted",
    "detail": "The specified version does not exist",
    "status": 422,
}
NOT_FOUND = {"detail": "The requested resource could not be found.", "status": 404}
UNAUTHENTICATED = {"title": "Unauthenticated", "detail": "You did not pass a valid authentication token", "status": 401}
LATER = {"detail": "Request was throttled. Your rate limit resets in ~30s."}


@pytest.mark.parametrize(
    ("status", "body", "kind", "param"),
    [
        (422, INVALID, "invalid_request", "top_p"),
        (402, NO_CREDIT, "authentication_failed", None),
        (422, NO_VERSION, "model_not_found", None),
        (404, NOT_FOUND, "model_not_found", None),
        (401, UNAUTHENTICATED, "authentication_failed", None),
        (429, LATER, "provider_rate_limited", None),
        (500, {"detail": "Internal server error"}, "provider_error", None),
        (503, "<html><title>503 Service Temporarily Unavailable</title>", "provider_overloaded", None),
        (422, [], "invalid_request", None),
        (422, {"detail": "x", "invalid_fields": [{"field": 7}]}, "invalid_request", None),
    ],
)
def test_a_problem_is_its_kind(status: int, body: Any, kind: str, param: str | None) -> None:
    failure = parse_error(status, {}, body.encode() if isinstance(body, str) else orjson.dumps(body))
    assert (failure.kind, failure.param, failure.provider_status) == (kind, param, status)
    if isinstance(body, dict):
        assert failure.detail == body["detail"].strip() or failure.detail == body["detail"]


@pytest.mark.parametrize(
    ("words", "seconds"),
    [
        ("Request was throttled. Your rate limit resets in ~30s.", 30.0),
        ("Request was throttled. Expected available in 1 second.", 1.0),
        ("no more", None),
    ],
)
def test_when_to_come_again_is_said_in_words(words: str, seconds: float | None) -> None:
    assert parse_error(429, {}, orjson.dumps({"detail": words})).retry_after == seconds
    assert parse_error(429, {"retry-after": "7"}, orjson.dumps({"detail": words})).retry_after == 7.0


@pytest.mark.parametrize(
    ("words", "kind", "code"),
    [
        ("CUDA out of memory", "provider_error", None),
        ("Prediction failed. (E1001)", "provider_error", "E1001"),
        ("E6716", "provider_overloaded", "E6716"),
        ("E1002 PromptTooLong: Prompt length exceeds maximum input length.", "invalid_request", "E1002"),
        ("E1003 BadPromptTemplate: x", "invalid_request", "E1003"),
        ("E2101 TritonTimeout: Triton timed out after 120s", "provider_error", "E2101"),
        (None, "provider_error", None),
        ({"detail": 7}, "provider_error", None),
    ],
)
def test_a_failed_prediction_says_why(words: object, kind: str, code: str | None) -> None:
    failure = failure_of(words)
    assert (failure.kind, failure.code) == (kind, code)
    assert not isinstance(words, str) or failure.detail == words
    assert failure.trips_breaker == (kind != "invalid_request")


@pytest.mark.parametrize(("status", "kind"), [("canceled", "provider_error"), ("aborted", "timeout")])
def test_a_prediction_that_somebody_ended_is_no_answer(status: str, kind: str) -> None:
    failure: Failure = failure_of_end(status)
    assert (failure.kind, failure.code) == (kind, status)
