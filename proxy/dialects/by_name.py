"""Every dialect there is, by name: the seven, variants that say the same in another envelope, and those of jobs."""

from __future__ import annotations

from collections.abc import Mapping

from proxy.dialects import Dialect
from proxy.dialects.anthropic import DIALECT as ANTHROPIC
from proxy.dialects.bedrock import DIALECT as BEDROCK
from proxy.dialects.bedrock_invoke import DIALECT as BEDROCK_INVOKE
from proxy.dialects.cohere import DIALECT as COHERE
from proxy.dialects.gemini import ARRAY_DIALECT as GEMINI_ARRAY
from proxy.dialects.gemini import DIALECT as GEMINI
from proxy.dialects.gemini import ONE_DIALECT as GEMINI_ONE
from proxy.dialects.ollama import DIALECT as OLLAMA
from proxy.dialects.ollama import GENERATE as OLLAMA_GENERATE
from proxy.dialects.ollama import LEGACY as OLLAMA_LEGACY
from proxy.dialects.openai import DIALECT as OPENAI
from proxy.dialects.replicate import DIALECT as REPLICATE
from proxy.dialects.responses import DIALECT as RESPONSES
from proxy.dialects.runpod import DIALECT as RUNPOD
from proxy.dialects.vertex_claude import DIALECT as VERTEX_CLAUDE
from proxy.dialects.vertex_gemini import DIALECT as VERTEX_GEMINI

SEVEN = (OPENAI, RESPONSES, ANTHROPIC, GEMINI, BEDROCK, OLLAMA, COHERE)
VARIANTS = (*(GEMINI_ARRAY, GEMINI_ONE, BEDROCK_INVOKE, OLLAMA_GENERATE, OLLAMA_LEGACY, VERTEX_CLAUDE, VERTEX_GEMINI),)
#: How jobs are asked for and told of. No application speaks so, and an answer is not one reply or stream.
OF_JOBS = (REPLICATE, RUNPOD)
BY_NAME: Mapping[str, Dialect] = {dialect.name: dialect for dialect in (*SEVEN, *VARIANTS, *OF_JOBS)}

#: Request fields that belong to one dialect each, and of these the ones that cannot be left out elsewhere.
OWN: frozenset[str] = frozenset().union(*(dialect.own for dialect in BY_NAME.values()))
STATEFUL: frozenset[str] = frozenset().union(*(dialect.stateful for dialect in BY_NAME.values()))
