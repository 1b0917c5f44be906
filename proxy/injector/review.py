"""AdmissionReview of admission.k8s.io/v1, read and answered: bytes in, bytes out. It does not know what is done to a pod.

https://kubernetes.io/docs/reference/access-authn-authz/extensible-admission-controllers/#webhook-request-and-response
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from math import isfinite
from typing import Any, NamedTuple, NoReturn

API_VERSION, KIND = "admission.k8s.io/v1", "AdmissionReview"
#: bytes; etcd takes 1.5 MiB at most, and a review may hold an object twice
LONGEST_BODY = 3 << 20
LONGEST_UID = 256


class Malformed(Exception):
    """Not an AdmissionReview; the message names the member and never shows a value of the pod."""


class Review(NamedTuple):
    """What was asked. skip: why there is nothing to do for it, "" where the pod is to be looked at."""

    uid: str
    namespace: str
    pod: dict[str, Any]
    dry_run: bool = False
    skip: str = ""


class Verdict(NamedTuple):
    """What is answered. operations: a JSON patch (RFC 6902). code, reason, message: of a refusal, else 0 and "".

    result: `injected`, `unchanged`, `skipped`, `refused` or `failed`, in metrics and in the audit log.
    """

    allowed: bool
    result: str
    operations: Sequence[Mapping[str, Any]] = ()
    warnings: Sequence[str] = ()
    code: int = 0
    reason: str = ""
    message: str = ""
    audit: Mapping[str, str] = {}


def parse_review(body: bytes) -> Review:
    """Raises Malformed."""
    whole = members(parse_json(body), "the body")
    for name, wanted in (("apiVersion", API_VERSION), ("kind", KIND)):
        if whole.get(name) != wanted:
            raise Malformed(f"{name} must be {wanted}")
    request = members(whole.get("request"), "request")
    uid = text(request, "uid")
    if not 0 < len(uid) <= LONGEST_UID:
        raise Malformed(f"request.uid must have 1 to {LONGEST_UID} characters")
    dry_run = request.get("dryRun") or False
    if not isinstance(dry_run, bool):
        raise Malformed("request.dryRun must be true or false")
    skip = nothing_to_do(request)
    pod = {} if skip else members(request.get("object"), "request.object")
    return Review(uid, text(request, "namespace"), pod, dry_run, skip)


def nothing_to_do(request: Mapping[str, Any]) -> str:
    """Why the request is none for us: the webhook configuration asks for created pods alone."""
    resource = members(request.get("resource"), "request.resource")
    if (resource.get("group") or "", resource.get("version"), resource.get("resource")) != ("", "v1", "pods"):
        return "not a pod"
    if request.get("subResource"):
        return "a subresource of a pod"
    return "" if request.get("operation") == "CREATE" else "not a creation"


def parse_json(body: bytes) -> object:
    try:
        return json.loads(body, parse_constant=no_constant, parse_float=finite)
    except (ValueError, RecursionError) as error:
        raise Malformed("the body must be JSON in UTF-8") from error


def no_constant(name: str) -> NoReturn:
    raise ValueError("JSON has no NaN and no Infinity (RFC 8259, section 6)")


def finite(text: str) -> float:
    """1e999 would be written as Infinity."""
    found = float(text)
    return found if isfinite(found) else no_constant(text)


def members(found: object, name: str) -> dict[str, Any]:
    if not isinstance(found, dict):
        raise Malformed(f"{name} must be an object")
    return found


def text(request: Mapping[str, Any], name: str) -> str:
    found = request.get(name)
    if found is None:
        return ""
    if not isinstance(found, str):
        raise Malformed(f"request.{name} must be text")
    return found


def render_answer(uid: str, verdict: Verdict) -> bytes:
    """The API server refuses an answer with a patch type and no patch, so an empty patch is left out with its type."""
    response: dict[str, Any] = {"uid": uid, "allowed": verdict.allowed}
    if verdict.allowed and verdict.operations:
        patch = json.dumps(list(verdict.operations), separators=(",", ":")).encode()
        response |= {"patchType": "JSONPatch", "patch": base64.b64encode(patch).decode()}
    if not verdict.allowed:
        status = {"status": "Failure", "code": verdict.code, "reason": verdict.reason, "message": verdict.message}
        response["status"] = status
    if verdict.warnings:
        response["warnings"] = list(verdict.warnings)
    if verdict.audit:
        response["auditAnnotations"] = dict(verdict.audit)
    return json.dumps({"apiVersion": API_VERSION, "kind": KIND, "response": response}, separators=(",", ":")).encode()
