"""Every signature is the one that AWS's own signer makes of the same request."""

from __future__ import annotations

from datetime import UTC, datetime
from unittest.mock import patch
from urllib.parse import quote

import pytest
from botocore.auth import SigV4Auth  # type: ignore[import-untyped]
from botocore.awsrequest import AWSRequest  # type: ignore[import-untyped]
from botocore.credentials import Credentials  # type: ignore[import-untyped]
from hypothesis import example, given, settings
from hypothesis import strategies as st

from proxy.call import Headers
from proxy.signing import Asked
from proxy.signing.sigv4 import AwsKeys, canonical_path, sign_v4, signing_key

KEYS = AwsKeys("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")
SESSION = KEYS._replace(token="IQoJb3JpZ2luX2Vj//canary+token==")
NOW = 1440938160.0
HOST = "bedrock-runtime.us-east-1.amazonaws.com"
INVOKE = "/model/{}/invoke"
ARN = "arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.anthropic.claude-sonnet-4-5-20250929-v1:0"

encoded = st.text(max_size=12).map(lambda text: quote(text, safe=""))
segment = encoded | st.sampled_from(["", ".", "..", "~", "a.b", "%2F", "%3A0", "a b", "é", "a:b", "a+b", "(x)", "*'!"])
paths = st.lists(segment, max_size=5).map(lambda parts: "/" + "/".join(parts))
pair = st.tuples(encoded, encoded).map("=".join) | encoded
queries = st.just("") | st.lists(pair, max_size=5).map(lambda pairs: "?" + "&".join(pairs))
value = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=20)
names = st.sampled_from(["content-type", "accept", "x-amz-target", "x-a", "zz"])
requests = st.builds(
    Asked,
    method=st.sampled_from(["GET", "POST", "PUT", "DELETE", "post"]),
    host=st.sampled_from([HOST, "sts.eu-central-1.amazonaws.com", "127.0.0.1:8000", "[fd00:ec2::23]:81"]),
    target=st.tuples(paths, queries).map("".join),
    body=st.binary(max_size=200),
    now=st.integers(0, 4_000_000_000).map(float),
    headers=st.lists(st.tuples(names, value), max_size=3, unique_by=lambda header: header[0]).map(tuple),
)


def official(keys: AwsKeys, region: str, service: str, asked: Asked) -> dict[str, str]:
    """What botocore adds to the same request."""
    # The path is handed over whole, as it stands on the wire.
    url = f"https://{asked.host}{asked.target}"
    request = AWSRequest(asked.method, url, headers=dict(asked.headers), data=asked.body)
    moment = datetime.fromtimestamp(asked.now, UTC).replace(tzinfo=None)
    with patch("botocore.auth.get_current_datetime", return_value=moment):
        SigV4Auth(Credentials(*keys), service, region).add_auth(request)
    ours = {name for name, _ in asked.headers}
    return {name.lower(): value for name, value in request.headers.items() if name.lower() not in ours}


@settings(max_examples=400, deadline=None)
@given(requests, st.sampled_from([KEYS, SESSION]), st.sampled_from(["us-east-1", "cn-north-1"]))
@example(Asked("POST", HOST, INVOKE.format(quote(ARN, safe="")), b"{}", NOW), SESSION, "us-east-1")
@example(Asked("GET", HOST, "/a//b/./c/../d/", b"", NOW), KEYS, "us-east-1")
@example(Asked("GET", HOST, "/?b=2&a=1&b=1&&c&=x", b"", NOW), KEYS, "us-east-1")
@example(Asked("GET", HOST, "", b"", NOW, (("accept", "  a   b "),)), KEYS, "us-east-1")
def test_it_is_the_official_signature(asked: Asked, keys: AwsKeys, region: str) -> None:
    signed = sign_v4(keys, region, "bedrock", asked)
    assert dict(signed) == official(keys, region, "bedrock", asked)
    assert len(dict(signed)) == len(signed)


def test_the_example_of_the_documentation() -> None:
    """https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html, as its test suite has it."""
    asked = Asked("GET", "example.amazonaws.com", "/", b"", NOW)
    keys = AwsKeys("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")
    assert dict(sign_v4(keys, "us-east-1", "service", asked)) == {
        "x-amz-date": "20150830T123600Z",
        "authorization": "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, "
        "SignedHeaders=host;x-amz-date, Signature=5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31",
    }


@pytest.mark.parametrize(
    ("model", "path"),
    [
        ("amazon.nova-lite-v1:0", "/model/amazon.nova-lite-v1%253A0/invoke"),
        (ARN, f"/model/{quote(quote(ARN, safe=''), safe='')}/invoke"),
    ],
)
def test_a_model_is_encoded_once_on_the_wire_and_twice_where_it_is_signed(model: str, path: str) -> None:
    assert canonical_path(INVOKE.format(quote(model, safe=""))) == path


@pytest.mark.parametrize("headers", [(), (("content-type", "application/json"),)])
def test_what_is_covered_is_said(headers: Headers) -> None:
    signed = dict(sign_v4(SESSION, "us-east-1", "bedrock", Asked("POST", HOST, "/", b"{}", NOW, headers)))
    names = ";".join([*(name for name, _ in headers), "host", "x-amz-date", "x-amz-security-token"])
    assert f"SignedHeaders={names}, " in signed["authorization"]
    assert signed["x-amz-security-token"] == SESSION.token


def test_a_header_said_twice_is_covered_once() -> None:
    twice = Asked("GET", HOST, "/", b"", NOW, (("x-a", "1 "), ("x-a", " 2")))
    once = Asked("GET", HOST, "/", b"", NOW, (("x-a", "1,2"),))
    assert sign_v4(KEYS, "us-east-1", "bedrock", twice) == sign_v4(KEYS, "us-east-1", "bedrock", once)


def test_no_secret_is_printed_or_sent() -> None:
    assert repr(SESSION) == f"{SESSION}" == "AwsKeys(AKIDEXAMPLE)"
    signed = sign_v4(SESSION, "us-east-1", "bedrock", Asked("POST", HOST, "/", b"{}", NOW))
    assert not any(KEYS.secret_key in value for _, value in signed)
    assert [value.count("canary") for _, value in signed] == [0, 1, 0]


def test_derived_keys_are_few() -> None:
    signing_key.cache_clear()
    for day in range(200):
        sign_v4(KEYS, "us-east-1", "bedrock", Asked("GET", HOST, "/", b"", NOW + day * 86400))
    assert signing_key.cache_info().currsize == signing_key.cache_info().maxsize == 64
    sign_v4(KEYS, "us-east-1", "bedrock", Asked("GET", HOST, "/", b"", NOW + 199 * 86400 + 1))
    assert signing_key.cache_info().hits == 1
