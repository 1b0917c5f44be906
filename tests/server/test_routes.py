"""The table of doors: each leads to a dialect there is, and is reached with and without the version in its path."""

from __future__ import annotations

import pytest

from proxy.server.routes import CALLS, MODELS
from proxy.translate import DIALECTS


@pytest.mark.parametrize("path", CALLS)
def test_every_door_leads_to_a_dialect_that_is_spoken(path: str) -> None:
    assert CALLS[path].dialect in DIALECTS
    assert CALLS[path].operation == "chat"


def test_a_base_url_works_with_and_without_v1() -> None:
    for path in [path for path in (*CALLS, *MODELS) if not path.startswith("/v1/")]:
        assert f"/v1{path}" in {*CALLS, *MODELS}


def test_no_path_is_two_things() -> None:
    assert not MODELS & CALLS.keys()
