"""Who is let in, as numbers: callers by name, refusals by reason, and what is wrong with the files."""

from __future__ import annotations

from pathlib import Path

from proxy.shown_entrance import known, labelled
from tests.promises.caller import chat
from tests.promises.sidecars import sidecar

TOKEN = "token-of-shop-0123456789"


async def test_callers_and_refusals_are_counted(tmp_path: Path) -> None:
    (tmp_path / "tokens").mkdir()
    (tmp_path / "tokens" / "shop").write_text(TOKEN, "latin-1")
    (tmp_path / "tokens" / "bank").write_text("short", "latin-1")
    async with sidecar(tmp_path, listen={"tokens": "tokens"}) as running:
        for token in (TOKEN, TOKEN, "no-token-of-anybody"):
            await running.ask(chat("mock"), {"api-key": token})
        await running.ask(chat("mock"))
        found = await running.metrics()
    assert found['outrider_caller_requests_total{caller="shop"}'] == 2
    assert found['outrider_callers_refused_total{reason="unknown_token"}'] == 1
    assert found['outrider_callers_refused_total{reason="no_token"}'] == 1
    assert (found["outrider_callers"], found["outrider_callers_faults"]) == (1, 1)


def test_what_is_not_known_is_left_out() -> None:
    assert (known(None), known(1.5)) == ({}, {(): 1.5})
    assert (labelled(None), labelled({"a": 1})) == ({}, {("a",): 1})
