"""The effective configuration as `outrider check` shows it: each setting, its value, and where that came from."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from proxy.terminal import safe

if TYPE_CHECKING:
    from proxy.config import Config

#: Whoever said them, they were said.
SAID = ("file", "environment", "inherited")
WIDEST_VALUE = 60


def settings(config: Config, file: Path | None, environ: Mapping[str, str]) -> list[dict[str, Any]]:
    """Each: `path`, `value` (keys masked), `source` (file, environment, inherited, kind, default), and `from`, in words."""
    from proxy.config.origins import Origins

    return [
        {"path": each.path, "value": each.value, "source": each.origin.source, "from": each.origin.place}
        for each in Origins(config, file, environ).settings()
    ]


def setting_lines(report: Mapping[str, Any], *, every: bool) -> Iterator[str]:
    """Those that somebody said, of providers that are on; or every one of them."""
    silent = tuple(f"providers.{provider['name']}." for provider in report["providers"] if is_silent(provider))
    found = report["settings"]
    chosen = [each for each in found if every or is_said(each, silent)]
    rest = len(found) - len(chosen)
    yield "settings" + (f" ({rest} more as usual; --all shows them)" if rest else "")
    names = max((len(each["path"]) for each in chosen), default=0)
    texts = [safe(json.dumps(each["value"], ensure_ascii=False), WIDEST_VALUE) for each in chosen]
    values = max(map(len, texts), default=0)
    for each, text in zip(chosen, texts, strict=True):
        yield f"  {each['path']:<{names}}  {text:<{values}}  {told(each)}"


def is_silent(provider: Mapping[str, Any]) -> bool:
    return not provider["on"] or provider["address"] == "embedded"


def is_said(setting: Mapping[str, Any], silent: tuple[str, ...]) -> bool:
    inherited_in_vain = setting["source"] == "inherited" and setting["path"].startswith(silent)
    return setting["source"] in SAID and not inherited_in_vain


def told(setting: Mapping[str, Any]) -> str:
    return f"from {setting['from']}" if setting["source"] == "inherited" else str(setting["from"])
