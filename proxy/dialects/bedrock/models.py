"""What the families of models behind Converse accept beyond what all of them do.

Converse is one API, its models are not: a tool choice, a cache point or a schema that one takes is a
ValidationException of another. This file knows the tables, and how a family is read from a model's id, which may have a
region before it; it refuses to know requests.

Sources, under https://docs.aws.amazon.com/bedrock/latest/: userguide/conversation-inference-supported-models-features,
userguide/structured-output, userguide/prompt-caching, userguide/model-parameters, APIReference/API_runtime_ToolChoice;
for Nova https://docs.aws.amazon.com/nova/latest/nova2-userguide/extended-thinking.html; efforts of gpt-oss, GPT, Kimi
and Qwen as langchain-aws (1188, 1266) and recorded traffic have them.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple

from proxy.dialects.claude import Model, read_model

THREE = {"minimal": "low", "low": "low", "medium": "medium", "high": "high", "xhigh": "high", "max": "high"}
SIX = {"none": "none", "minimal": "low", **{word: word for word in ("low", "medium", "high", "xhigh", "max")}}


class Family(NamedTuple):
    """What a model takes.

    words:    the family is known by one of these in the id, after the region.
    choices:  members of `toolChoice`.
    top_k:    where in `additionalModelRequestFields` it stands; () when nowhere.
    effort:   the same of the effort to think with.
    efforts:  unified effort -> what is said there.
    schema:   `outputConfig.textFormat` and strict tools.
    cache:    where a `cachePoint` may stand: `messages` (with `system`), `tools`.
    status:   whether a tool result may say that it is an error.
    nothing:  the content of a result that is empty. Claude refuses blank text, others an empty list
              (https://github.com/strands-agents/harness-sdk/issues/2122).
    """

    words: tuple[str, ...]
    choices: frozenset[str] = frozenset()
    top_k: tuple[str, ...] = ()
    effort: tuple[str, ...] = ()
    efforts: Mapping[str, str] = {}
    schema: bool = False
    cache: frozenset[str] = frozenset()
    status: bool = False
    nothing: tuple[dict[str, str], ...] = ({"text": ""},)


NO_CHOICE: frozenset[str] = frozenset()
ANY = frozenset({"auto", "any"})
ALL = frozenset({"auto", "any", "tool"})
EVERYWHERE = frozenset({"messages", "tools"})
NOVA = Family(("nova",), ALL, ("inferenceConfig", "topK"), cache=frozenset({"messages"}), status=True)

#: The first row that knows the id holds; the last knows them all. Claude is asked of claude.py besides.
FAMILIES = (
    Family(("claude",), ALL, ("top_k",), status=True, nothing=()),
    NOVA._replace(words=("nova-2",), effort=("reasoningConfig", "maxReasoningEffort"), efforts=THREE),
    NOVA,
    Family(("gpt-oss",), ANY, effort=("reasoning_effort",), efforts=THREE, schema=True),
    Family(("openai.",), ALL, effort=("reasoning", "effort"), efforts=SIX, schema=True),
    Family(("kimi",), ANY, effort=("reasoning_effort",), efforts=THREE, schema=True),
    Family(("qwen",), ALL, effort=("reasoning_config",), efforts=THREE, schema=True),
    Family(("magistral", "ministral", "mistral-large-3", "voxtral"), ANY, ("top_k",), schema=True),
    Family(("mistral.",), ANY, ("top_k",)),
    Family(("deepseek.r1",)),
    Family(("deepseek", "minimax", "nemotron", "gemma"), ANY, schema=True),
    Family(("cohere.",), NO_CHOICE, ("k",)),
    Family(("llama4", "llama3-3", "llama3-2", "llama3-1"), frozenset({"auto"})),
    Family(("",)),
)
#: From this version of Claude on: cache points, and one tool call at a time.
CACHES = (3, 5)
ONE_CALL = (4, 5)


class Known(NamedTuple):
    """`claude` is what Anthropic's own tables say, None of another family."""

    family: Family
    claude: Model | None

    @property
    def schema(self) -> bool:
        return self.family.schema if self.claude is None else self.claude.generation.schema

    @property
    def choices(self) -> frozenset[str]:
        forcible = self.claude is None or self.claude.forcible
        return self.family.choices if forcible else frozenset({"auto"})

    @property
    def cache(self) -> frozenset[str]:
        if self.claude is None:
            return self.family.cache
        return EVERYWHERE if self.claude.version >= CACHES else frozenset()

    @property
    def one_call(self) -> bool:
        return self.claude is not None and self.claude.version >= ONE_CALL


@lru_cache(maxsize=256)
def read_known(model: str) -> Known:
    """What is known of a model by its id. The id of an application's own inference profile tells nothing."""
    family = next(row for row in FAMILIES if any(word in model for word in row.words))
    return Known(family, read_model(model) if "claude" in model else None)
