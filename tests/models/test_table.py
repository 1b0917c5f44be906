"""Every name finds its line, with what may be missing from it, and the table itself holds what the house can use."""

from __future__ import annotations

import re

import pytest

from proxy.models.line import parse_line
from proxy.models.table import SECTIONS, TABLE, TWINS, Table
from proxy.prices import Price
from proxy.providers import CAPABILITIES, all_providers

TEXT = """# about
[anthropic]
claude-3-20240307\tcstv\t200\t4
claude-3-20250219\tcstv\t200\t8
claude-4\tcstv\t300\t9\t\t3,15
[bedrock]
anthropic.claude-4-v1:0\tcstv\t300\t9\t\t3,15
us.anthropic.claude-4-v1:0\tcstv\t300\t9\t\t3.3,16.5
[openai]
ft:gpt-4o-2024-08-06\tcst\t128\t16\t\t3.75,15
gpt-4o\tcstv\t128\t16\t\t2.5,10
[openrouter]
openai/gpt-4o\tcs?\t128\t\t\t2.5,10
[vertex]
gemini-3\tcs\t9
"""
ARN = "arn:aws:bedrock:us-east-1:123456789012:inference-profile/"


@pytest.mark.parametrize(
    ("kind", "name", "line", "priced"),
    [
        ("openai", "gpt-4o", "gpt-4o", True),
        ("openai", "gpt-4o-2024-05-13", "gpt-4o", False),
        ("openai", "gpt-4o-latest", "gpt-4o", True),
        ("openai", "ft:gpt-4o-2024-08-06:acme::x1", "ft:gpt-4o-2024-08-06", True),
        ("openai_responses", "gpt-4o", "gpt-4o", True),
        ("anthropic", "claude-4-20250514", "claude-4", False),
        ("anthropic", "claude-4@20250514", "claude-4", False),
        ("anthropic", "claude-3-latest", "claude-3-20250219", True),
        ("bedrock", "us.anthropic.claude-4-v1:0", "us.anthropic.claude-4-v1:0", True),
        ("bedrock", "eu.anthropic.claude-4-v1:0", "anthropic.claude-4-v1:0", False),
        ("bedrock", "anthropic.claude-4-v1:0:200k", "anthropic.claude-4-v1:0", True),
        ("bedrock", f"{ARN}us.anthropic.claude-4-v1:0", "us.anthropic.claude-4-v1:0", True),
        ("openrouter", "openai/gpt-4o:nitro", "openai/gpt-4o", False),
        ("vertex_openai", "google/gemini-3", "gemini-3", True),
    ],
)
def test_a_name_finds_its_line(kind: str, name: str, line: str, priced: bool) -> None:
    table = Table(lambda: TEXT)
    found = table.find(kind, name)
    assert found is not None
    (expected,) = (parse_line(kind, text) for text in TEXT.splitlines() if text.startswith(f"{line}\t"))
    assert found == expected._replace(name=name, price=expected.price if priced else None)


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("openai", "gpt-4"),
        ("openai", "gpt-4o-mini"),
        ("openai", "claude-4"),
        ("openai", ""),
        ("openai", "[openrouter]"),
        ("openai", "gpt-4o\tcstv"),
        ("openai", "\n"),
        ("anthropic", "claude-5-20250514"),
        ("anthropic", ".*"),
        ("nobody", "gpt-4o"),
        ("bedrock", "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/abc"),
    ],
)
def test_what_is_not_there_is_not_guessed(kind: str, name: str) -> None:
    assert Table(lambda: TEXT).find(kind, name) is None


def test_the_text_is_read_at_the_first_question_and_once() -> None:
    reads = []
    table = Table(lambda: reads.append(1) or TEXT)  # type: ignore[func-returns-value]
    assert not reads
    table.find("openai", "gpt-4o")
    table.find("openai", "gpt-4o")
    assert len(table.lines("anthropic")) == 3
    assert table.lines("nobody") == []
    assert len(reads) == 1


# ---- the table that is shipped


def test_its_kinds_are_provider_files() -> None:
    table = Table()
    kinds = set(all_providers())
    assert set(table.kinds) <= kinds
    assert {section for sections in SECTIONS.values() for section in sections} <= set(table.kinds)
    assert {*SECTIONS, *TWINS} <= kinds
    assert {"openai", "anthropic", "gemini", "bedrock", "groq", "mistral", "openrouter"} <= set(table.kinds)


def test_each_of_its_lines_says_something_true_of_itself() -> None:
    table = Table()
    for kind in table.kinds:
        models = [parse_line(kind, line) for line in table.lines(kind)]
        assert models
        assert len({model.name for model in models}) == len(models)
        for model in models:
            assert model.can, model
            assert model.can <= set(CAPABILITIES)
            assert model.name == model.name.strip()
            assert table.find(kind, model.name) == model
            assert model.price is None or is_sound(model.price)
            assert model.context_window is None or model.context_window > 0


def is_sound(price: Price) -> bool:
    """Whether each sheet and each condition can be read, and nothing costs less than nothing."""
    starts = [0.0, *price.coming(0)]
    for at in starts:
        for clause in price.sheet(at).clauses:
            for tier in clause.tiers or ("",):
                rates = price.rates(tier, clause.above + 1, at)
                if rates is None or any(rate is not None and rate < 0 for rate in rates.each):
                    return False
    return True


def test_it_is_small_and_names_its_source() -> None:
    assert TABLE.stat().st_size < 220_000
    head = TABLE.read_text("ascii").partition("[")[0]
    assert "litellm " in head
    assert "genai-prices " in head
    assert "MIT" in head
    assert re.fullmatch(r"litellm \S+ and genai-prices \S+ \(.*\), 20\d\d-\d\d-\d\d", Table().source)
    assert Table(lambda: TEXT).source == ""


def test_some_well_known_facts() -> None:
    table = Table()
    large = table.find("openai", "text-embedding-3-large")
    assert large is not None
    assert large.dimensions == 3072
    assert large.can == {"embeddings"}
    claude = table.find("anthropic", "claude-sonnet-4-5")
    assert claude is not None
    assert (claude.max_output, claude.price and claude.price.text[:5]) == (64000, "3,15,")
    assert {"tools", "vision", "documents", "reasoning"} <= claude.can
