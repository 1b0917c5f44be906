"""Every way a review can be wrong, and the answers as the API server insists on them."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proxy.injector.review import Malformed, Verdict, parse_review, render_answer

POD = {
    "metadata": {"name": "web"},
    "spec": {"containers": [{"name": "app", "env": [{"name": "K", "value": "sk-canary"}]}]},
}


def review(**changes: object) -> dict[str, Any]:
    request = {
        "uid": "u-1",
        "operation": "CREATE",
        "resource": {"group": "", "version": "v1", "resource": "pods"},
        "namespace": "shop",
        "object": POD,
    }
    return {"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": {**request, **changes}}


def body(**changes: object) -> bytes:
    return json.dumps(review(**changes)).encode()


def test_a_review_is_read() -> None:
    found = parse_review(body(dryRun=True))
    assert found == ("u-1", "shop", POD, True, "")
    assert parse_review(body()).dry_run is False


@pytest.mark.parametrize(
    ("changes", "skip"),
    [
        ({"operation": "UPDATE"}, "not a creation"),
        ({"operation": "DELETE", "object": None}, "not a creation"),
        ({"subResource": "ephemeralcontainers"}, "a subresource of a pod"),
        ({"resource": {"group": "apps", "version": "v1", "resource": "deployments"}}, "not a pod"),
        ({"resource": {"group": None, "version": "v2", "resource": "pods"}}, "not a pod"),
    ],
)
def test_what_is_none_of_ours_is_left_alone(changes: dict[str, object], skip: str) -> None:
    assert parse_review(body(**changes)).skip == skip


NO_OBJECTS: tuple[object, ...] = (None, [], "x", 1)


def bodies(member: str, *values: object) -> list[bytes]:
    return [body(**{member: value}) for value in values]


WRONG: dict[str, list[bytes]] = {
    "JSON": [b"", b"{", b"\xff\xfe", b'{"a": NaN}', b'{"a": 1e999}', b"[" * 100_000, b'{"uid": "u"', b"\x00"],
    "the body": [b"[]", b"null", b"1", b'"review"'],
    "apiVersion": [b"{}", b'{"apiVersion": "admission.k8s.io/v1beta1", "kind": "AdmissionReview"}'],
    "kind": [b'{"apiVersion": "admission.k8s.io/v1"}', b'{"apiVersion": "admission.k8s.io/v1", "kind": "Pod"}'],
    "request must": [json.dumps({**review(), "request": each}).encode() for each in NO_OBJECTS],
    "request.uid": bodies("uid", None, "", 5, [], "u" * 300),
    "request.namespace": bodies("namespace", 5, [], {}),
    "request.dryRun": bodies("dryRun", "yes", 1, [1]),
    "request.resource": bodies("resource", None, "pods", [], 1),
    "request.object": bodies("object", None, [], "pod", 1),
}


@pytest.mark.parametrize(("member", "sent"), [(name, each) for name, bodies in WRONG.items() for each in bodies])
def test_what_is_wrong_is_named_and_no_value_shown(member: str, sent: bytes) -> None:
    with pytest.raises(Malformed, match=member) as raised:
        parse_review(sent)
    assert "canary" not in str(raised.value)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
MEMBERS = st.sampled_from(["uid", "namespace", "dryRun", "resource", "object", "operation", "subResource"])


@given(st.binary(max_size=60) | JSON.map(lambda found: json.dumps(found).encode()))
@settings(max_examples=150, deadline=None)
def test_any_bytes_are_a_review_or_malformed(sent: bytes) -> None:
    with pytest.raises(Malformed):
        parse_review(sent)


@given(st.dictionaries(MEMBERS, JSON, max_size=4))
@settings(max_examples=150, deadline=None)
def test_any_members_are_a_review_or_malformed(changes: dict[str, object]) -> None:
    try:
        found = parse_review(body(**changes))
    except Malformed:
        return
    assert isinstance(found.pod, dict)
    assert isinstance(found.namespace, str)


def answered(verdict: Verdict) -> dict[str, Any]:
    whole: dict[str, Any] = json.loads(render_answer("u-1", verdict))
    assert (whole["apiVersion"], whole["kind"]) == ("admission.k8s.io/v1", "AdmissionReview")
    assert whole["response"].pop("uid") == "u-1"
    response: dict[str, Any] = whole["response"]
    return response


def test_a_patch_goes_with_its_type_and_none_without() -> None:
    operations = [{"op": "add", "path": "/metadata/labels/a~1b", "value": "ä"}]
    found = answered(Verdict(True, "injected", operations, ("w",), audit={"result": "injected"}))
    assert json.loads(base64.b64decode(found.pop("patch"))) == operations
    audit = {"result": "injected"}
    assert found == {"allowed": True, "patchType": "JSONPatch", "warnings": ["w"], "auditAnnotations": audit}
    assert answered(Verdict(True, "unchanged")) == {"allowed": True}


def test_a_refusal_says_why_and_changes_nothing() -> None:
    found = answered(Verdict(False, "refused", [{"op": "remove", "path": "/x"}], (), 422, "Invalid", "no"))
    status = {"status": "Failure", "code": 422, "reason": "Invalid", "message": "no"}
    assert found == {"allowed": False, "status": status}
