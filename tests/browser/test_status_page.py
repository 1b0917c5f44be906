"""The status page in a real browser, fed by real calls: what it shows is what happened, and it looks as it should."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from proxy.advice import ADVICE
from proxy.server import feed
from tests.browser.browser import Page
from tests.promises.caller import chat, until
from tests.promises.sidecars import InLoop, openai_like, sidecar
from tests.promises.upstream import Asked, Provider
from tests.promises.wires import openai_reply

USED = {"prompt_tokens": 1000, "completion_tokens": 20, "total_tokens": 1020}
LIVE = """document.getElementById('link').textContent === 'live' && document.querySelector('#providers tbody tr')
  && !document.getElementById('reload').disabled"""
FACTS = """Object.fromEntries(
  [...document.querySelectorAll('#facts div')].map(each => [...each.children].map(its => its.textContent)))"""
CURVES = "[...document.querySelectorAll('svg')].map(svg => [svg.ariaLabel, svg.lastChild.getAttribute('d').length])"
#: Hidden headings of columns stand where they do not widen the page.
BEYOND = """[...document.querySelectorAll('main *:not(thead, thead *)')]
  .filter(each => each.getBoundingClientRect().right > innerWidth).map(each => each.outerHTML)"""
ROWS = "[...document.querySelectorAll('#{} tbody tr')].map(row => [...row.cells].map(cell => cell.innerText.trim()))"
#: Each text against the nearest background that is not see-through: https://www.w3.org/TR/WCAG22/#contrast-minimum
CONTRASTS = """(() => {
  const numbers = color => color.match(/[\\d.]+/g).map(Number);
  const light = color => numbers(color).slice(0, 3).map(part => part / 255)
    .map(part => part <= .04045 ? part / 12.92 : ((part + .055) / 1.055) ** 2.4)
    .reduce((sum, part, at) => sum + part * [.2126, .7152, .0722][at], 0);
  const behind = element => {
    for (; element; element = element.parentElement) {
      const color = getComputedStyle(element).backgroundColor;
      if (numbers(color)[3] !== 0) return color;
    }
    return 'rgb(255, 255, 255)';
  };
  return [...document.querySelectorAll('body *')]
    .filter(each => each.checkVisibility() && [...each.childNodes].some(node => node.nodeType === 3 && node.data.trim()))
    .map(each => {
      const pair = [light(getComputedStyle(each).color), light(behind(each))].sort((one, other) => other - one);
      return [(pair[0] + .05) / (pair[1] + .05), each.textContent.trim().slice(0, 40)];
    });
})()"""


def answers(asked: Asked) -> None:
    model = asked.json["model"]
    if model == "bad":
        asked.link.whole({"error": {"message": "x"}}, 500)
    elif model != "held":
        asked.link.whole(openai_reply("hi", usage=USED))


@pytest.fixture
async def running(tmp_path: Path) -> AsyncIterator[InLoop]:
    budgets = [{"name": "team", "provider": "up", "tokens": 100_000, "per": "day"}]
    rules: dict[str, Any] = {"breaker": {"failures": 2}, "budgets": budgets, "cache": {"enabled": True}}
    async with Provider(answers) as provider, sidecar(tmp_path, {"up": openai_like(provider.url)}, **rules) as found:
        yield found


async def some_calls(running: InLoop) -> None:
    for model in ("up:m", "up:m", "up:m", "up:bad", "up:bad", "up:bad", "mock:mock-status-401", "nowhere/x"):
        await running.ask(chat(model))
    (await running.caller()).post(chat("up:held"), {"x-request-id": "the-held-one"})
    await until(lambda: any(call.phase == "waiting" for call in running.sidecar.gateway.calls))


async def opened(page: Page, running: InLoop) -> Page:
    await page.open(f"http://127.0.0.1:{running.ops}/status")
    await page.until(LIVE)
    return page


async def rows(page: Page, table: str) -> list[list[str]]:
    found: list[list[str]] = await page.run(ROWS.format(table))
    return found


async def test_the_numbers_are_right(running: InLoop, page: Page) -> None:
    await some_calls(running)
    await opened(page, running)
    facts = await page.until(f"({FACTS})['Calls'] === '8' && {FACTS}")
    totals = (await running.status())["totals"]
    assert (totals["calls"], totals["failed"], totals["tokens_in"], totals["tokens_out"]) == (8, 5, 3000, 60)
    assert (facts["In flight"], facts["Failed"], facts["Tokens in"], facts["Tokens out"]) == ("1", "5", "3,000", "60")
    assert facts["Failed by the fault of"] == "provider 2, self 1, operator 1, caller 1"
    held = await rows(page, "calls")
    assert [row[:4] + row[5:] for row in held] == [["the-held-one", "up:held", "up", "waiting", "1"]]
    failures = {row[1]: row[2:7] for row in await rows(page, "failures")}
    for kind, model, provider in (
        ("provider_error \u00d72", "up:bad", "up"),
        ("circuit_open", "up:bad", "up"),
        ("authentication_failed", "mock:mock-status-401", "mock"),
        ("model_not_found", "nowhere/x", "\u2013"),
    ):
        advice = ADVICE[kind.split()[0]]
        assert failures[kind] == [advice.party, advice.meaning, advice.hint, model, provider]
    assert {row[0]: row[2] for row in await rows(page, "targets")} | {"up:held": "closed"} == {
        "up:m": "closed", "up:bad": "open", "mock:mock-status-401": "closed", "up:held": "closed",
    }  # fmt: skip
    limits = {row[0]: row[1:3] for row in await rows(page, "limits")}
    assert limits["team"] == ["budget, tokens per day", "3,060 of 100,000"]
    assert page.complaints == []


async def test_what_happens_while_it_is_open_is_seen(running: InLoop, page: Page) -> None:
    await opened(page, running)
    assert await rows(page, "calls") == [["None."]]
    await some_calls(running)
    await page.until(f"({FACTS})['Calls'] === '8'")
    await page.until("document.querySelectorAll('#failures tbody tr').length === 4")
    assert "The breaker of up:bad is open." in await page.text("#announce")
    drawn = await page.run(CURVES)
    assert [label.split(",")[0] for label, _ in drawn] == [
        "Requests per second", "Tokens per second", "Time to first token", "Calls that failed",
    ]  # fmt: skip
    assert drawn[0][1] > 0
    assert "at most \u2013" not in drawn[0][0]


async def test_what_was_before_it_was_opened_is_drawn(running: InLoop, page: Page) -> None:
    await some_calls(running)
    await opened(page, running)
    await page.until("points.requests.some(value => value > 0)")
    assert 7 <= await page.run("points.requests.reduce((sum, value) => sum + value, 0)") <= 9
    assert 0 < await page.run("points.errors.find(value => value > 0)") <= 1


async def test_hostile_names_are_text(running: InLoop, page: Page) -> None:
    hit = "window.hit=1"
    names = [
        f"<img src=x onerror={hit}>",
        f"'\"></td><script>{hit}</script>",
        f"javascript:{hit}",
        "\u202egnp.exe\u0007\u2028",
        "x" * 5000,
        "__proto__",
        "constructor",
    ]
    for name in names:
        for model in (name, f"up:{name}", f"mock:{name}"):
            await running.ask(chat(model), {"x-request-id": "<b>id</b>"})
    await opened(page, running)
    await page.until(f"({FACTS})['Calls'] === '21'")
    await page.until("document.body.innerText.includes('onerror')")
    found = "[typeof hit, document.images.length, document.scripts.length, document.querySelectorAll('b').length]"
    assert await page.run(found) == ["undefined", 0, 1, 0]
    assert "\u202e" not in await page.text("body")
    assert await page.run("plain('\\u202egnp.exe\\u2028')") == "\\u{202e}gnp.exe\\u{2028}"
    for width in (360, 800, 901, 1200):
        await page.looks(width)
        assert await page.run(BEYOND) == []
        assert await page.run("document.documentElement.scrollWidth") == width
    assert page.complaints == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 901, 1200])
async def test_it_is_readable(scheme: str, width: int, running: InLoop, page: Page) -> None:
    await some_calls(running)
    await page.looks(width, 800, scheme, mobile=width < 500)
    await opened(page, running)
    await page.until(f"({FACTS})['Calls'] === '8'")
    assert await page.run("document.documentElement.scrollWidth") == width
    assert await page.run(BEYOND) == []
    contrasts = await page.run(CONTRASTS)
    assert len(contrasts) > 60
    assert [pair for pair in contrasts if pair[0] < 4.5] == []
    background = await page.run("getComputedStyle(document.body).backgroundColor")
    assert (background == "rgb(14, 18, 23)") == (scheme == "dark")


async def test_it_can_be_heard(running: InLoop, page: Page) -> None:
    await some_calls(running)
    for width in (1200, 360):
        await page.looks(width, 800)
        await opened(page, running)
        await page.until(f"({FACTS})['Calls'] === '8'")
        tree = (await page.call("Accessibility.getFullAXTree"))["nodes"]
        heard = [(node["role"]["value"], node.get("name", {}).get("value", "")) for node in tree if not node["ignored"]]
        roles = [role for role, _ in heard]
        assert {"banner", "main", "contentinfo", "status"} <= set(roles)
        tables = {name for role, name in heard if role == "table"}
        assert {"Providers", "Targets and their breakers", "Calls in flight", "Last failures"} <= tables
        assert {"columnheader", "rowheader", "row", "cell"} <= set(roles)
        assert ("button", "Open the breaker of up:m") in heard
        assert all(name for role, name in heard if role in ("button", "image", "link", "heading", "table", "region"))


async def test_without_events_it_asks_for_the_status(
    running: InLoop, page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed, "LISTENERS", 0)
    await some_calls(running)
    await page.open(f"http://127.0.0.1:{running.ops}/status")
    await page.until("document.getElementById('link').textContent === 'polling'")
    facts = await page.until(f"({FACTS})['Calls'] === '8' && {FACTS}")
    assert facts["Failed"] == "5"
