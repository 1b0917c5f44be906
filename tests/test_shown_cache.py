"""What is shown of the cache, and what an operator can do with it, over the ops port of a whole sidecar."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import orjson

from tests.promises.caching import FIXED, ON, Counting, caching
from tests.promises.caller import Caller, chat, get
from tests.promises.sidecars import InLoop


async def post(running: InLoop, path: str, body: Mapping[str, Any]) -> Any:
    caller = await Caller.connect(running.ops)
    try:
        return (await caller.ask(body, {"host": "localhost"}, path)).json
    finally:
        caller.hang_up()


async def test_stats_tell_how_full_each_cache_is(tmp_path: Path) -> None:
    alias = {"model": "own", "targets": [{"provider": "up", "model": "m"}], "cache": {"entries": 7}}
    async with caching(tmp_path, Counting(), models=[alias]) as running:
        for model in ("up:m", "up:m", "own"):
            await running.ask(chat(model, **FIXED))
        found = (await get(running.ops, "/cache")).json
        assert found["caches"]["common"]["entries"] == [1, 1000]
        assert found["caches"]["own"]["entries"] == [1, 7]
        assert (found["caches"]["common"]["hits"], found["in_flight"], found["joined"]) == (1, 0, 0)
        assert await running.counted("outrider_cache_entries", cache="own") == 1
        assert await running.counted("outrider_cache_bytes", cache="common") > 100
        assert await running.counted("outrider_bound_limit", bound="cache_entries own") == 7


async def test_what_is_kept_for_a_request_is_found_and_forgotten_by_it(tmp_path: Path) -> None:
    async with caching(tmp_path, Counting(), ON | {"by": ["x-tenant"]}) as running:
        await running.ask(chat(**FIXED), {"x-tenant": "a"})
        asked = {"request": chat(**FIXED), "headers": {"X-Tenant": "a"}}
        found = await post(running, "/cache/lookup", asked)
        assert (found["kept"], found["provider"], found["model"], found["stream"]) == (True, "up", "m", False)
        assert found["tokens"] == 150
        assert b"answer" not in orjson.dumps(found)
        assert (await post(running, "/cache/lookup", {"request": chat(**FIXED)}))["kept"] is False
        assert await post(running, "/cache/invalidate", asked) == {"forgotten": 1}
        assert (await running.ask(chat(**FIXED), {"x-tenant": "a"})).headers["x-outrider-cache"] == "miss"
        key = found["key"]
        assert await post(running, "/cache/invalidate", {"key": key}) == {"forgotten": 1}


async def test_all_answers_of_a_model_and_all_answers(tmp_path: Path) -> None:
    async with caching(tmp_path, Counting()) as running:
        for text in ("a", "b"):
            await running.ask(chat("up:m", text, **FIXED))
            await running.ask(chat("up:n", text, **FIXED))
        assert await post(running, "/cache/invalidate", {"model": "up:m"}) == {"forgotten": 2}
        assert await post(running, "/cache/invalidate", {"model": "up:unknown"}) == {"forgotten": 0}
        assert await post(running, "/cache/invalidate", {"all": True}) == {"forgotten": 2}


async def test_a_request_that_is_none_is_refused_by_name(tmp_path: Path) -> None:
    async with caching(tmp_path, Counting()) as running:
        assert (await post(running, "/cache/lookup", {"request": {"messages": []}}))["param"] == "model"
        assert (await post(running, "/cache/lookup", {"request": chat(), "path": "/nowhere"}))["param"] == "path"


async def test_without_a_cache_there_is_nothing_to_show(tmp_path: Path) -> None:
    async with caching(tmp_path, Counting(), {"enabled": False}) as running:
        assert (await get(running.ops, "/cache")).json == {"enabled": False, "caches": {}}
        assert await post(running, "/cache/invalidate", {"all": True}) == {"forgotten": 0}
        assert (await post(running, "/cache/lookup", {"request": chat(**FIXED)}))["kept"] is False
