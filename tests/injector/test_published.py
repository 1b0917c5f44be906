"""The patch of a webhook configuration: what it tests before it writes."""

from __future__ import annotations

import base64
from typing import Any

from proxy.injector.published import corrections, is_published

WANTED = base64.b64encode(b"ca").decode()


def configuration(*bundles: str | None) -> dict[str, Any]:
    hooks = [
        {"name": f"{index}.outrider.dev", "clientConfig": {} if bundle is None else {"caBundle": bundle}}
        for index, bundle in enumerate(bundles)
    ]
    return {"metadata": {"resourceVersion": "7"}, "webhooks": hooks}


def test_every_webhook_must_have_it() -> None:
    assert is_published(configuration(WANTED, WANTED), b"ca")
    assert not is_published(configuration(WANTED, None), b"ca")
    assert not is_published(configuration(WANTED, "b3RoZXI="), b"ca")
    assert not is_published(configuration(), b"ca")


def test_a_patch_holds_for_the_version_and_the_names_it_was_made_from() -> None:
    assert corrections(configuration(WANTED, None, "b3RoZXI="), b"ca") == [
        {"op": "test", "path": "/metadata/resourceVersion", "value": "7"},
        {"op": "test", "path": "/webhooks/1/name", "value": "1.outrider.dev"},
        {"op": "add", "path": "/webhooks/1/clientConfig/caBundle", "value": WANTED},
        {"op": "test", "path": "/webhooks/2/name", "value": "2.outrider.dev"},
        {"op": "add", "path": "/webhooks/2/clientConfig/caBundle", "value": WANTED},
    ]


def test_what_is_published_needs_no_patch() -> None:
    assert corrections(configuration(WANTED, WANTED), b"ca") == []
    assert corrections({}, b"ca") == []
