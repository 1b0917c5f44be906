"""The wires that the mock can speak, by the name that provider files use."""

from __future__ import annotations

from collections.abc import Mapping

from proxy.upstream.mock.anthropic import ANTHROPIC
from proxy.upstream.mock.openai import OPENAI
from proxy.upstream.mock.vllm import VLLM
from proxy.upstream.mock.wire import Wire

WIRES: Mapping[str, Wire] = {wire.name: wire for wire in (OPENAI, ANTHROPIC, VLLM)}
