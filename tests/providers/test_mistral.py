"""Mistral's tiers, which are not OpenAI's: https://docs.mistral.ai/api/."""

from __future__ import annotations

from typing import Any

import pytest

from proxy.call import Json
from proxy.providers.mistral import put_tier


@pytest.mark.parametrize(
    ("tier", "told", "wire"),
    [
        ("auto", True, {"service_tier": "auto"}),
        ("standard_only", True, {"service_tier": "standard_only"}),
        ("default", True, {}),
        ("flex", False, {}),
        (5, False, {}),
    ],
)
def test_a_tier_is_one_of_its_own(tier: Any, told: bool, wire: Json) -> None:
    said = {"service_tier": tier}
    assert put_tier(said, tier) is told
    assert said == wire
