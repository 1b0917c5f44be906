"""Errors of Bedrock as Failures, and Failures as errors that botocore knows."""

from typing import Any

import orjson
import pytest
from botocore.loaders import Loader  # type: ignore[import-untyped]
from botocore.model import ServiceModel  # type: ignore[import-untyped]
from botocore.parsers import create_parser  # type: ignore[import-untyped]

from proxy.call import KINDS, Failure
from proxy.dialects.bedrock.errors import (
    LONGEST_BODY,
    error_headers,
    failure_in_stream,
    parse_error,
    render_error,
    render_error_event,
)
from proxy.wire.eventstream import Reader

CORAL = ":http://internal.amazon.com/coral/com.amazon.bedrock/"


@pytest.fixture(scope="module")
def service() -> Any:
    return ServiceModel(Loader().load_service_model("bedrock-runtime", "service-2"))


def answer(words: str = "words") -> bytes:
    return orjson.dumps({"message": words})


@pytest.mark.parametrize(
    ("status", "kind", "ours"),
    [
        (400, "ValidationException", "invalid_request"),
        (413, "ValidationException", "request_too_large"),
        (403, "AccessDeniedException", "authentication_failed"),
        (403, "UnrecognizedClientException", "authentication_failed"),
        (403, "ExpiredTokenException", "authentication_failed"),
        (404, "ResourceNotFoundException", "model_not_found"),
        (408, "ModelTimeoutException", "timeout"),
        (424, "ModelErrorException", "provider_error"),
        (429, "ThrottlingException", "provider_rate_limited"),
        (429, "ModelNotReadyException", "provider_overloaded"),
        (400, "ServiceQuotaExceededException", "provider_rate_limited"),
        (500, "InternalServerException", "provider_error"),
        (503, "ServiceUnavailableException", "provider_overloaded"),
        (418, "Unheard", "invalid_request"),
        (504, "Unheard", "timeout"),
        (599, "Unheard", "provider_error"),
    ],
)
def test_a_type_and_a_status_are_one_kind(status: int, kind: str, ours: str) -> None:
    failure = parse_error(status, {"x-amzn-errortype": kind + CORAL}, answer())
    assert (failure.kind, failure.detail, failure.code, failure.provider_status) == (ours, "words", kind, status)
    assert failure.provider_body == answer()


def test_the_type_may_stand_in_the_body_and_the_words_have_a_capital() -> None:
    failure = parse_error(400, {}, b'{"__type": "com.amazon.coral#ThrottlingException", "Message": "slow"}')
    assert (failure.kind, failure.detail) == ("provider_rate_limited", "slow")


@pytest.mark.parametrize("body", [b"", b"<html>bad gateway</html>", b"[]", b'"oh"', b'{"message": null}', b"{}"])
def test_any_body_ends_in_a_failure_with_words(body: bytes) -> None:
    failure = parse_error(502, {}, body)
    assert failure.kind == "provider_error"
    assert failure.detail
    assert failure.provider_body in (body, b"")


def test_retry_after_is_heard_and_the_body_kept_in_bounds() -> None:
    assert parse_error(429, {"retry-after": "7"}, answer()).retry_after == 7
    assert len(parse_error(500, {}, answer("x" * LONGEST_BODY)).provider_body) == LONGEST_BODY


def test_a_callers_mistake_keeps_its_status() -> None:
    assert parse_error(422, {}, answer()).status == 422


@pytest.mark.parametrize(
    ("name", "kind", "code"),
    [
        ("exception/throttlingException", "provider_rate_limited", "throttlingException"),
        ("exception/validationException", "invalid_request", "validationException"),
        ("exception/modelStreamErrorException", "provider_error", "modelStreamErrorException"),
        ("exception/serviceUnavailableException", "provider_overloaded", "serviceUnavailableException"),
        ("exception/modelTimeoutException", "timeout", "modelTimeoutException"),
        ("exception/novelException", "provider_error", "novelException"),
        ("error/", "provider_error", None),
    ],
)
def test_an_exception_in_a_stream_goes_by_its_name(name: str, kind: str, code: str | None) -> None:
    failure = failure_in_stream(name, answer("later"))
    assert (failure.kind, failure.code, failure.detail) == (kind, code, "later")
    assert failure_in_stream(name, b"\xff").detail


@pytest.mark.parametrize("kind", KINDS)
def test_botocore_raises_every_failure_with_its_words(kind: str, service: Any) -> None:
    failure = Failure(kind, "words", param="messages")
    response = {
        "status_code": failure.status,
        "headers": dict(error_headers(failure)),
        "body": orjson.dumps(render_error(failure)),
    }
    operation = service.operation_model("Converse")
    parsed = create_parser("rest-json").parse(response, operation.output_shape)
    assert parsed["Error"]["Message"] == "words"
    assert parsed["Error"]["Code"] in {shape.name for shape in operation.error_shapes}


def test_the_type_that_bedrock_gave_is_passed_on() -> None:
    told = parse_error(429, {"x-amzn-errortype": "ModelNotReadyException"}, answer())
    assert error_headers(told) == (("x-amzn-errortype", "ModelNotReadyException"),)


@pytest.mark.parametrize("kind", KINDS)
def test_a_broken_stream_ends_with_an_exception_that_a_stream_may_hold(kind: str, service: Any) -> None:
    [event] = Reader().feed(render_error_event(Failure(kind, "words")))
    members = service.operation_model("ConverseStream").output_shape.members["stream"].members
    assert event.name.removeprefix("exception/") in members
    assert orjson.loads(event.data)["message"] == "words"


def test_a_model_that_nobody_knows() -> None:
    words = "The provided model identifier is invalid."
    failure = parse_error(400, {"x-amzn-errortype": f"ValidationException{CORAL}"}, answer(words))
    assert (failure.kind, failure.status, failure.detail) == ("model_not_found", 404, words)
    assert (failure.code, failure.provider_status) == ("ValidationException", 400)
