"""Which of the addresses that a provider hands out are its own: nothing else is ever asked, least of all with its key."""

from __future__ import annotations

from dataclasses import replace

import pytest
from yarl import URL

from proxy.providers import all_providers
from proxy.upstream.job_address import NotFollowed, check_address

REPLICATE = all_providers()["replicate"]
OWN = URL("https://api.replicate.com/v1")
LOCAL = URL("http://127.0.0.1:8080/replicate/v1")


@pytest.mark.parametrize(
    ("text", "base"),
    [
        ("https://stream.replicate.com/v1/files/bcwr-a?x=1", OWN),
        ("https://stream.replicate.com:443/v1/files/bcwr-a", OWN),
        ("https://streaming.api.replicate.com/v1/predictions/a", OWN),
        ("https://api.replicate.com/v1/predictions/a/stream", OWN),
        ("http://127.0.0.1:8080/anything", LOCAL),
    ],
)
def test_the_provider_s_own_are_followed(text: str, base: URL) -> None:
    assert check_address(text, base, REPLICATE) == URL(text)


def test_a_fragment_is_nobody_s() -> None:
    assert check_address("https://stream.replicate.com/a#b", OWN, REPLICATE) == URL("https://stream.replicate.com/a")


@pytest.mark.parametrize(
    ("text", "base"),
    [
        ("https://evil.example/v1/files/a", OWN),
        ("https://stream.replicate.com.evil.example/a", OWN),
        ("https://evil.example#stream.replicate.com", OWN),
        ("https://key@stream.replicate.com/a", OWN),
        ("https://stream.replicate.com:8443/a", OWN),
        ("http://stream.replicate.com/a", OWN),
        ("http://api.replicate.com/v1/a", OWN),
        ("https://api.replicate.com:444/v1/a", OWN),
        ("https://169.254.169.254/latest/meta-data", OWN),
        ("http://127.0.0.1:11412/status", OWN),
        ("http://127.0.0.1:8081/anything", LOCAL),
        ("http://localhost:8080/anything", LOCAL),
        ("https://stream.replicate.com/a", LOCAL),
        ("file:///etc/passwd", OWN),
        ("ftp://api.replicate.com/a", OWN),
        ("//stream.replicate.com/a", OWN),
        ("/v1/a", OWN),
        ("", OWN),
        ("https://[::1", OWN),
        ("https://stream.replicate.com:99999/a", OWN),
        (f"https://stream.replicate.com/{'a' * 5000}", OWN),
    ],
)
def test_others_are_not(text: str, base: URL) -> None:
    with pytest.raises(NotFollowed):
        check_address(text, base, REPLICATE)


def test_a_provider_without_jobs_has_no_other_hosts() -> None:
    with pytest.raises(NotFollowed, match="not the provider's"):
        check_address("https://stream.replicate.com/a", OWN, replace(REPLICATE, job=None))
