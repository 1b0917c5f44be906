"""What holds of every wire that the mock speaks."""

from __future__ import annotations

import orjson
import pytest

from proxy.upstream.mock.wire import FAULT, Wire
from proxy.upstream.mock.wires import WIRES

EVERY = pytest.mark.parametrize("wire", WIRES.values(), ids=WIRES)


@EVERY
def test_what_is_asked_can_be_checked(wire: Wire) -> None:
    assert set(wire.routes.values()) - {"models", "embeddings"} == set(wire.checks)
    assert {"chat", "models"} <= set(wire.routes.values())
    assert (wire.counted is not None) == ("count" in wire.routes.values())


@EVERY
def test_every_status_has_an_error(wire: Wire) -> None:
    for status in range(400, 600):
        error = wire.error(status, "why", "field", None)["error"]
        assert error["type"]
        assert "why" in error["message"]


@EVERY
def test_the_events_of_faults(wire: Wire) -> None:
    first = wire.failed.partition(b"\n\n")[0]
    assert orjson.loads(first.partition(b"data: ")[2])["error"]["message"] == FAULT
    assert wire.broken.endswith(b"\n\n")
    with pytest.raises(orjson.JSONDecodeError):
        orjson.loads(wire.broken.partition(b"data: ")[2])
