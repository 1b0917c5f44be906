"""Each wire that the mock speaks is a provider's, and is asked where that provider's is."""

from __future__ import annotations

import pytest

from proxy.providers import all_providers
from proxy.upstream.mock.wire import Wire
from proxy.upstream.mock.wires import WIRES


def test_every_wire_has_a_provider_and_the_other_way_round() -> None:
    assert {known.mock for known in all_providers().values()} - {""} == set(WIRES)


@pytest.mark.parametrize("wire", WIRES.values(), ids=WIRES)
def test_a_provider_asks_where_its_wire_answers(wire: Wire) -> None:
    kind = f"mock_{wire.name}"
    provider = all_providers()[kind]
    base = (provider.base_url or "").removeprefix("http://mock.invalid")
    paths = {f"{base}{path}".encode() for path in provider.paths.values()}
    assert {path for _, path in wire.routes} == paths
