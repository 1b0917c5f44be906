"""A key becomes headers, and nobody's own credentials are ever among what is sent on."""

import pytest

from proxy.providers import all_providers
from proxy.signing import CREDENTIALS, SIGNERS, sign_bearer, sign_nothing, sign_x_api_key

KEY = "sk-test-1234"


def test_how_a_key_travels() -> None:
    assert sign_bearer(KEY) == (("authorization", "Bearer sk-test-1234"),)
    assert sign_x_api_key(KEY) == (("x-api-key", "sk-test-1234"),)
    assert sign_nothing(KEY) == ()


@pytest.mark.parametrize("name", SIGNERS)
def test_a_key_stands_only_in_headers_that_are_never_passed_on(name: str) -> None:
    headers = SIGNERS[name](KEY)
    assert all(header in CREDENTIALS for header, _ in headers)
    assert all(header == header.lower() for header, _ in headers)
    assert [value.count(KEY) for _, value in headers] == [1] * len(headers)


def test_every_signer_is_one_that_a_provider_can_name() -> None:
    assert {provider.auth for provider in all_providers().values()} <= SIGNERS.keys()
    assert SIGNERS["bearer"] is sign_bearer
    assert SIGNERS["x-api-key"] is sign_x_api_key
    assert SIGNERS["none"] is sign_nothing


def test_credentials_are_compared_in_lower_case() -> None:
    assert all(name == name.lower() for name in CREDENTIALS)
    assert {"authorization", "proxy-authorization", "cookie", "x-api-key", "api-key", "x-goog-api-key"} <= CREDENTIALS
