"""README.md lists every provider, as its file has it."""

import pytest

from proxy.providers import CAPABILITIES, Provider, all_providers
from tests import provider_table
from tests.provider_table import BEGIN, DOCUMENT, END, HEAD, offers, row, signing, speaks, written

EVERY = pytest.mark.parametrize(("kind", "provider"), all_providers().items(), ids=all_providers())


def test_the_table_is_that_of_the_files() -> None:
    text = DOCUMENT.read_text()
    assert written(text) == text, "python -m tests.provider_table --write"
    assert provider_table.main([]) == 0


def test_a_table_that_is_out_of_date_is_noticed() -> None:
    text = DOCUMENT.read_text()
    begin, end = text.index(BEGIN), text.index(END)
    without_last = text[:begin] + "\n".join(text[begin:end].rstrip().split("\n")[:-1]) + "\n" + text[end:]
    assert without_last != text
    assert written(without_last) == text


@EVERY
def test_each_says_what_it_is_called_and_what_it_offers(kind: str, provider: Provider) -> None:
    assert provider.title
    assert provider.can <= set(CAPABILITIES)
    cells = row(kind, provider).removeprefix("| ").removesuffix(" |").split(" | ")
    assert len(cells) == HEAD.split("\n")[0].count(" | ") + 1
    assert cells[0].startswith(f"[{provider.title}](")
    assert cells[1].startswith(f"`{kind}`")
    assert all(cells)
    assert "_" not in offers(provider)


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("openai", "`OPENAI_API_KEY`"),
        ("bedrock", "`AWS_BEARER_TOKEN_BEDROCK` or AWS credentials"),
        ("azure_openai", "`AZURE_OPENAI_API_KEY` or Azure credentials"),
        ("vertex", "Google credentials"),
        ("vllm", "`VLLM_API_KEY` or nothing"),
        ("openai_compatible", "a key in the configuration or nothing"),
        ("mock", "nothing"),
    ],
)
def test_what_signs(kind: str, words: str) -> None:
    assert signing(all_providers()[kind]) == words


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("gemini", "gemini"),
        ("vertex_anthropic", "anthropic"),
        ("openai", "openai, responses"),
        ("ollama", "ollama, openai"),
    ],
)
def test_a_variant_of_a_dialect_is_no_other(kind: str, words: str) -> None:
    assert speaks(all_providers()[kind]) == words


def test_what_has_to_be_told_stands_beside_the_kind() -> None:
    assert "| `cloudflare` and `account_id` |" in row("cloudflare", all_providers()["cloudflare"])
