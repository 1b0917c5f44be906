"""What most sidecars do without: made where the configuration says so, and imported only then. Idle memory is a feature."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from proxy.call import Policy, Target
from proxy.config import Config, ConfigError
from proxy.estimate import prompt_tokens
from proxy.models import Model

if TYPE_CHECKING:
    from proxy.budgeting import Budgeting
    from proxy.policies.batching import Batching
    from proxy.tokens import Counter as TokenCounter
    from proxy.upstream.shares import Shares


def batching_of(config: Config, batches: Counter[tuple[str, ...]]) -> Batching | None:
    """`batches` counts what happens."""
    aliases = {alias.model: alias.batching for alias in config.models if alias.batching is not None}
    if not (config.batching.enabled or any(aliases.values())):
        return None
    from proxy.policies.batching import Batching
    from proxy.upstream.batched import Telling

    words = Telling(time.monotonic, time.time)
    return Batching(config.batching, aliases, words, prompt_tokens, time.monotonic, batches)


def budgets_of(
    config: Config,
    environ: Mapping[str, str],
    model_of: Callable[[Target], Model | None],
    shares: Shares | None,
    previous: Budgeting | None,
) -> Budgeting | None:
    """`previous` is whose amounts go on."""
    if not config.budgets:
        return None
    from proxy.budgeting import Budgeting, weighing_by

    return Budgeting(config, environ, weighing_by(model_of, prompt_tokens), shares, previous)


def counter_of(config: Config, environ: Mapping[str, str]) -> TokenCounter | None:
    """What counts prompts exactly; None where they are estimated. ConfigError where its package or tables are not there."""
    if config.tokens.counter == "estimate":
        return None
    from proxy.tokens import Counter, TablesError

    try:
        return Counter(config.tokens.tables, environ)
    except TablesError as error:
        raise ConfigError("tokens", str(error), "an installed package and its tables") from None


def counting_of(counter: TokenCounter | None) -> Policy | None:
    if counter is None:
        return None
    from proxy.policies.counting import Counting

    return Counting(counter)
