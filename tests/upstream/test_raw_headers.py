"""Which headers pass, either way: those that are named, and addresses only where they lead back here."""

from __future__ import annotations

import pytest

from proxy.providers import Endpoint, Provider
from proxy.upstream.raw_headers import answered_headers, asked_headers, relocated

ENDPOINT = Endpoint("up", "openai", Provider("openai", ""), "https://api.example/v1", "key")
HERE = "127.0.0.1:11411"


def answered(*headers: tuple[str, str], status: int = 200, here: str = HERE) -> dict[str, str]:
    return dict(answered_headers(status, list(headers), ENDPOINT, "/files", here))


def test_what_describes_a_body_goes_on() -> None:
    caller = {"content-type": "a/b", "content-encoding": "gzip", "accept": "c/d", "range": "bytes=0-1", "x-mine": "1"}
    said = dict(asked_headers(caller, frozenset(), decoded=False))
    assert said == {name: value for name, value in caller.items() if name != "x-mine"}


def test_a_body_that_was_unpacked_is_not_said_to_be_packed() -> None:
    caller = {"content-type": "a/b", "content-encoding": "gzip"}
    assert dict(asked_headers(caller, frozenset(), decoded=True)) == {"content-type": "a/b", "accept": "*/*"}


def test_what_the_road_passes_on_anyway_is_not_said_twice() -> None:
    caller = {"idempotency-key": "x", "accept": "*/*"}
    assert asked_headers(caller, frozenset({"idempotency-key"}), decoded=False) == [("accept", "*/*")]


PRIVATE = (
    *("authorization", "x-api-key", "api-key", "x-goog-api-key", "cookie", "proxy-authorization", "host", "connection"),
    *("keep-alive", "te", "trailer", "transfer-encoding", "upgrade", "content-length", "expect", "forwarded", "via"),
    *("x-forwarded-for", "accept-encoding", "x-outrider-provider"),
)


@pytest.mark.parametrize("name", PRIVATE)
def test_what_is_private_or_of_the_connection_never_goes_on(name: str) -> None:
    assert asked_headers({name: "x"}, frozenset(), decoded=False) == [("accept", "*/*")]


@pytest.mark.parametrize(
    "name", ["set-cookie", "transfer-encoding", "connection", "keep-alive", "trailer", "upgrade", "server", "x-other"]
)
def test_what_is_not_named_does_not_come_back(name: str) -> None:
    assert answered((name, "x")) == {}


def test_what_is_named_comes_back() -> None:
    headers = {"content-type": "a/b", "content-length": "3", "etag": '"x"', "x-goog-upload-status": "active"}
    assert answered(*headers.items()) == headers
    assert answered(("retry-after", "1"), ("x-request-id", "r")) == {
        "retry-after": "1",
        "x-outrider-upstream-request-id": "r",
    }


def test_no_content_has_no_length() -> None:
    assert answered(("content-length", "3"), ("etag", "x"), status=204) == {"etag": "x"}
    assert answered(("content-length", "3"), status=304) == {"content-length": "3"}


def test_addresses_lead_here() -> None:
    url = "https://api.example/v1/upload?upload_id=1"
    assert answered(("location", url)) == {"location": "/providers/up/upload?upload_id=1"}
    assert answered(("operation-location", url)) == {"operation-location": "/providers/up/upload?upload_id=1"}
    assert answered(("x-goog-upload-url", url)) == {
        "x-goog-upload-url": f"http://{HERE}/providers/up/upload?upload_id=1"
    }


@pytest.mark.parametrize("name", ["location", "operation-location", "x-goog-upload-url", "x-goog-upload-control-url"])
def test_an_address_elsewhere_is_not_said(name: str) -> None:
    assert answered((name, "https://elsewhere.example/v1/x?key=1")) == {}


def test_where_nobody_knows_the_sidecar_s_address_no_whole_one_is_said() -> None:
    assert answered(("x-goog-upload-url", "https://api.example/v1/x"), here="") == {}


LOCATIONS = {
    "/v1/files/2": "/providers/up/files/2",
    "2?a=%2F": "/providers/up/2?a=%2F",
    "https://api.example:443/v1/x": "/providers/up/x",
    "https://user@api.example/v1/x": "/providers/up/x",
    "http://api.example/v1/x": None,
    "https://api.example:444/v1/x": None,
    "https://api.example.evil/v1/x": None,
    "https://api.example/v11/x": None,
    "https://api.example/v1": None,
    "/v1/../admin": None,
    "//evil.example/v1/x": None,
    "javascript:alert(1)": None,
    "https://[bad": None,
    "https://api.example:port/v1/x": None,
}


@pytest.mark.parametrize(("location", "there"), LOCATIONS.items(), ids=LOCATIONS)
def test_where_an_address_is_found_here(location: str, there: str | None) -> None:
    assert relocated(location, ENDPOINT, "/files") == there
