"""What leaves towards a provider: the request line, an allowlist of headers, and the body as it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, cast

import pytest
from yarl import URL

from proxy.call import Call
from proxy.providers import Endpoint, Provider, all_providers
from proxy.signing import CREDENTIALS
from proxy.upstream.pool import Limits, Pool
from proxy.upstream.road import Road, Timeouts
from tests.upstream.clock import Clock
from tests.upstream.lane import asked, make_call
from tests.upstream.raw import RequestHead

KEY = "sk-canary-5f2d"


def make_road(
    base: str = "https://api.example/v1",
    kind: str = "openai",
    provider: Provider | None = None,
    headers: Mapping[str, str] | None = None,
    key: str | None = KEY,
    proxy: URL | None = None,
) -> Road:
    endpoint = Endpoint("up", kind, provider or all_providers()[kind], base, key, headers or {})
    return Road(endpoint, Pool("up", cast(Any, None), Limits(), Clock().loop), Timeouts(), proxy)


def sent(road: Road, call: Call | None = None, body: bytes = b"{}") -> RequestHead:
    return RequestHead(asked(road, call or make_call(), body))


def test_the_request_line_and_what_always_stands_below_it() -> None:
    request = sent(make_road(), body=b'{"a":1}')
    assert (request.method, request.url, request.body) == ("POST", "/v1/chat/completions", b'{"a":1}')
    found = dict(request.headers)
    assert found.pop("user-agent").startswith("outrider/")
    assert found == {
        "host": "api.example",
        "content-type": "application/json",
        "accept-encoding": "identity",
        "accept": "application/json",
        "authorization": f"Bearer {KEY}",
        "content-length": "7",
    }


def test_a_stream_is_asked_for_as_one() -> None:
    assert sent(make_road(), make_call(stream=True)).all("accept") == ["text/event-stream"]


@pytest.mark.parametrize(
    ("base", "host", "url"),
    [
        ("https://api.example", "api.example", "/chat/completions"),
        ("https://api.example/", "api.example", "/chat/completions"),
        ("https://api.example:443/v1", "api.example", "/v1/chat/completions"),
        ("https://api.example:8443/v1/", "api.example:8443", "/v1/chat/completions"),
        ("http://api.example:80", "api.example", "/chat/completions"),
        ("http://[::1]:8000/v1", "[::1]:8000", "/v1/chat/completions"),
        ("http://[::1]", "[::1]", "/chat/completions"),
        ("http://vllm:8000/a%20b/v1", "vllm:8000", "/a%20b/v1/chat/completions"),
        ("http://bücher.example/v1", "xn--bcher-kva.example", "/v1/chat/completions"),
        ("http://user:word@api.example/v1", "api.example", "/v1/chat/completions"),
    ],
)
def test_addresses(base: str, host: str, url: str) -> None:
    request = sent(make_road(base))
    assert (request.all("host"), request.url) == ([host], url)


def test_anthropic_signs_its_own_way() -> None:
    request = sent(make_road("https://api.anthropic.com", "anthropic"))
    assert request.url == "/v1/messages"
    assert (request.all("x-api-key"), request.all("authorization")) == ([KEY], [])
    assert request.all("anthropic-version") == ["2023-06-01"]


def test_without_a_key_nothing_is_signed() -> None:
    assert sent(make_road(key=None)).all("authorization") == []


def test_of_the_caller_s_headers_only_the_named_ones_pass() -> None:
    caller = {
        "authorization": "Bearer the-apps-own",
        "cookie": "a=b",
        "host": "elsewhere",
        "content-length": "99",
        "transfer-encoding": "chunked",
        "connection": "close",
        "accept-encoding": "gzip",
        "user-agent": "app",
        "x-stainless-os": "Linux",
        "openai-beta": "assistants=v2",
        "openai-organization": "org-of-the-app",
        "traceparent": "00-1-2-01",
        "tracestate": "x=y",
    }
    request = sent(make_road(), make_call(caller=caller))
    assert request.all("openai-beta") == ["assistants=v2"]
    assert (request.all("traceparent"), request.all("tracestate")) == (["00-1-2-01"], ["x=y"])
    assert request.all("authorization") == [f"Bearer {KEY}"]
    assert (request.all("host"), request.all("content-length")) == (["api.example"], ["2"])
    for name in ("cookie", "transfer-encoding", "connection", "x-stainless-os", "openai-organization"):
        assert request.all(name) == [], name


def test_no_provider_can_name_a_credential_of_the_caller() -> None:
    provider = replace(all_providers()["openai"], passes=CREDENTIALS | {"x-fine"})
    caller = dict.fromkeys(CREDENTIALS, "the-apps-own") | {"x-fine": "yes"}
    request = asked(make_road(provider=provider), make_call(caller=caller), b"{}")
    assert b"the-apps-own" not in request
    assert RequestHead(request).all("x-fine") == ["yes"]


@pytest.mark.parametrize("mark", ["\r\nx-evil: 1", "\nx-evil: 1", "\rx", "\0"])
def test_a_header_that_would_break_out_does_not_pass(mark: str) -> None:
    request = sent(make_road(), make_call(caller={"openai-beta": f"a{mark}"}))
    assert (request.all("openai-beta"), request.all("x-evil")) == ([], [])


def test_a_header_beyond_latin_1_does_not_fail_the_call() -> None:
    request = sent(make_road(), make_call(caller={"openai-beta": "naïve \udcff 漢"}))
    assert request.all("openai-beta") == ["naïve ? ?"]


def test_the_operator_s_headers_win_over_the_provider_s() -> None:
    road = make_road(
        "https://api.anthropic.com", "anthropic", headers={"Anthropic-Version": "2099-01-01", "X-Team": "a"}
    )
    request = sent(road)
    assert (request.all("anthropic-version"), request.all("x-team")) == (["2099-01-01"], ["a"])


def test_the_caller_s_version_wins_over_the_usual_one() -> None:
    road = make_road("https://api.anthropic.com", "anthropic")
    usual, own = sent(road), sent(road, make_call(caller={"anthropic-version": "2026-10-21", "x-api-key": "no"}))
    assert usual.all("anthropic-version") == ["2023-06-01"]
    assert own.all("anthropic-version") == ["2026-10-21"]
    assert own.all("x-api-key") == [KEY]


def test_through_a_proxy_only_plain_requests_name_their_whole_url() -> None:
    proxy = URL("http://u:w@proxy.example:3128")
    plain, secret = sent(make_road("http://api.example/v1", proxy=proxy)), sent(make_road(proxy=proxy))
    assert (plain.url, secret.url) == ("http://api.example/v1/chat/completions", "/v1/chat/completions")
    assert (plain.all("proxy-authorization"), secret.all("proxy-authorization")) == (["Basic dTp3"], [])


def test_any_body_goes_out_byte_by_byte() -> None:
    body = bytes(range(256)) * 10
    assert asked(make_road(), make_call(), body).endswith(b"\r\n\r\n" + body)
