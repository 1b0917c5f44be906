"""Errors behind Bedrock's OpenAI form: those of the API are OpenAI's, those of the door before it are AWS's."""

import pytest

from proxy.providers.bedrock_openai import parse_error

OPENAI = (
    b'{"error": {"message": "The model does not exist.", "type": "invalid_request_error", "code": "model_not_found"}}'
)


@pytest.mark.parametrize(
    ("status", "headers", "body", "kind"),
    [
        (400, {}, OPENAI, "model_not_found"),
        (
            403,
            {"x-amzn-errortype": "UnrecognizedClientException:http://x/"},
            b'{"message": "No."}',
            "authentication_failed",
        ),
        (400, {"x-amzn-errortype": "ExpiredTokenException"}, b'{"message": "No."}', "authentication_failed"),
        (429, {"x-amzn-errortype": "ThrottlingException"}, b'{"message": "No."}', "provider_rate_limited"),
        (424, {"x-amzn-errortype": "ModelErrorException"}, b'{"message": "No."}', "provider_error"),
        (429, {}, b'{"error": {"message": "No."}}', "provider_rate_limited"),
        (503, {}, b"", "provider_overloaded"),
    ],
)
def test_each_is_read_in_its_own_words(status: int, headers: dict[str, str], body: bytes, kind: str) -> None:
    failure = parse_error(status, headers, body)
    assert failure.kind == kind
    assert failure.detail in {"No.", "The model does not exist."} or not body
