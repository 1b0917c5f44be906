"""Reviews as an API server sends them, what their answers hold, and the packaged template. For tests of several files."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from importlib import resources
from typing import Any

TEMPLATE: dict[str, Any] = json.loads(resources.files("proxy.injector").joinpath("template.json").read_text("utf-8"))
CANARY = "sk-canary-0123456789"
OWNER = {"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "web-7d4b9c6f5", "uid": "u-9", "controller": True}


def pod(annotations: Mapping[str, str] | None = None, **spec: Any) -> dict[str, Any]:
    metadata = {"generateName": "web-7d4b9c6f5-", "annotations": dict(annotations or {}), "ownerReferences": [OWNER]}
    container = {"name": "app", "image": "app", "env": [{"name": "TOKEN", "value": CANARY}]}
    return {"metadata": metadata, "spec": {"containers": [container], **spec}}


def review(found: object, **changes: object) -> bytes:
    resource = {"group": "", "version": "v1", "resource": "pods"}
    request = {"uid": "u-1", "operation": "CREATE", "resource": resource, "namespace": "shop", "object": found}
    whole = {"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": {**request, **changes}}
    return json.dumps(whole).encode()


def response(content: bytes) -> dict[str, Any]:
    """Of an answer; its patch decoded."""
    found: dict[str, Any] = json.loads(content)["response"]
    if "patch" in found:
        found["patch"] = json.loads(base64.b64decode(found["patch"]))
    return found
