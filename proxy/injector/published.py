"""`caBundle` of a MutatingWebhookConfiguration: whether it is the one wanted, and the patch that makes it so. Pure.

https://kubernetes.io/docs/reference/kubernetes-api/extend-resources/mutating-webhook-configuration-v1/
"""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping
from typing import Any


def webhooks(configuration: Mapping[str, Any]) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """Index and entry of each webhook that can have a bundle."""
    found = configuration.get("webhooks")
    for index, each in enumerate(found if isinstance(found, list) else ()):
        if isinstance(each, dict) and isinstance(each.get("clientConfig"), dict):
            yield index, each


def bundle_of(webhook: Mapping[str, Any]) -> str:
    """As it is written: base64; "" for none."""
    return str(webhook["clientConfig"].get("caBundle") or "")


def is_published(configuration: Mapping[str, Any], bundle: bytes) -> bool:
    """Whether every webhook has the bundle; a configuration without webhooks has not."""
    wanted = base64.b64encode(bundle).decode()
    found = [bundle_of(each) == wanted for _, each in webhooks(configuration)]
    return bool(found) and all(found)


def corrections(configuration: Mapping[str, Any], bundle: bytes) -> list[dict[str, Any]]:
    """The JSON patch (RFC 6902) that publishes it; empty where it is published.

    It holds for the configuration as it was read alone: a replica that read the Secret before another wrote it must not
    undo what the other published, so the version is tested, and the name of each webhook with it.
    """
    wanted = base64.b64encode(bundle).decode()
    operations: list[dict[str, Any]] = []
    for index, each in webhooks(configuration):
        if bundle_of(each) != wanted:
            operations.append({"op": "test", "path": f"/webhooks/{index}/name", "value": each.get("name")})
            operations.append({"op": "add", "path": f"/webhooks/{index}/clientConfig/caBundle", "value": wanted})
    if not operations:
        return []
    metadata = configuration.get("metadata")
    version = metadata.get("resourceVersion") if isinstance(metadata, dict) else None
    return [{"op": "test", "path": "/metadata/resourceVersion", "value": version}, *operations]
