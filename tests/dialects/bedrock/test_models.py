"""What is known of a model by its id."""

import pytest

from proxy.dialects.bedrock.models import ALL, ANY, EVERYWHERE, NO_CHOICE, read_known


@pytest.mark.parametrize(
    ("model", "word"),
    [
        ("us.anthropic.claude-haiku-4-5-20251001-v1:0", "claude"),
        ("us.amazon.nova-2-lite-v1:0", "nova-2"),
        ("amazon.nova-micro-v1:0", "nova"),
        ("openai.gpt-oss-120b-1:0", "gpt-oss"),
        ("us.openai.gpt-5.6-luna", "openai."),
        ("qwen.qwen3-32b-v1:0", "qwen"),
        ("mistral.mistral-large-2407-v1:0", "mistral."),
        ("mistral.mistral-large-3-675b-instruct", "magistral"),
        ("us.deepseek.r1-v1:0", "deepseek.r1"),
        ("deepseek.v3-v1:0", "deepseek"),
        ("cohere.command-r-v1:0", "cohere."),
        ("us.meta.llama4-maverick-17b-instruct-v1:0", "llama4"),
        ("arn:aws:bedrock:us-east-1:1:application-inference-profile/x", ""),
    ],
)
def test_a_family_is_known_by_the_id(model: str, word: str) -> None:
    assert word == read_known(model).family.words[0]


def test_claude_is_asked_of_anthropics_tables() -> None:
    old, new = read_known("anthropic.claude-3-haiku-20240307-v1:0"), read_known("anthropic.claude-opus-5-5")
    assert (old.schema, old.cache, old.one_call, old.choices) == (False, frozenset(), False, ALL)
    assert (new.schema, new.cache, new.one_call, new.choices) == (True, EVERYWHERE, True, frozenset({"auto"}))


def test_other_families_have_their_row() -> None:
    nova, oss, unknown = (read_known(model) for model in ("amazon.nova-lite-v1:0", "openai.gpt-oss-20b-1:0", "x"))
    assert (nova.schema, nova.cache, nova.choices) == (False, frozenset({"messages"}), ALL)
    assert (oss.schema, oss.cache, oss.choices) == (True, frozenset(), ANY)
    assert (unknown.schema, unknown.choices, unknown.one_call, unknown.claude) == (False, NO_CHOICE, False, None)
