"""`python -m tests.provider_table`: whether README.md lists what the provider files say; with `--write`, let it."""

from __future__ import annotations

import sys
from pathlib import Path

from proxy.dialects.by_name import SEVEN
from proxy.providers import CAPABILITIES, Provider, all_providers

DOCUMENT = Path(__file__).parent.parent / "README.md"
BEGIN, END = "<!-- providers:begin -->", "<!-- providers:end -->"
CLOUDS = {"aws": "AWS credentials", "google": "Google credentials", "azure": "Azure credentials"}
HEAD = "| provider | kind, and what it must be told | speaks | what signs | offers |\n|---|---|---|---|---|"
#: The dialects that an application may speak; a variant of one is as good as that.
SPOKEN = tuple(SEVEN)


def table() -> str:
    known = sorted(all_providers().items(), key=lambda pair: pair[1].title.lower())
    return "\n".join([HEAD, *(row(kind, provider) for kind, provider in known)])


def row(kind: str, provider: Provider) -> str:
    called = " and ".join([f"`{kind}`", *(f"`{name}`" for name in to_be_told(provider))])
    cells = (f"[{provider.title}]({link(provider)})", called, speaks(provider), signing(provider), offers(provider))
    return f"| {' | '.join(cells)} |"


def to_be_told(provider: Provider) -> list[str]:
    """The options without which it is off."""
    return [name for name, option in provider.options.items() if option.default is None]


def speaks(provider: Provider) -> str:
    """Of whom an application's own words go on as they are; of a dialect that is nobody else's, its name."""
    known = [name for name in dict.fromkeys((provider.dialect, *provider.also)) if name in SPOKEN]
    return ", ".join(known or [provider.dialect])


def link(provider: Provider) -> str:
    return provider.docs.replace(")", "%29")


def signing(provider: Provider) -> str:
    if provider.auth == "none":
        return "nothing"
    ways = [f"`{name}`" for name in provider.key_env] + ([CLOUDS[provider.cloud]] if provider.cloud else [])
    ways = ways or ["a key in the configuration"]
    return " or ".join([*ways, *([] if provider.key_required or provider.cloud else ["nothing"])])


def offers(provider: Provider) -> str:
    words = [word for word in CAPABILITIES if word in provider.can and word != "stream"]
    return ", ".join(word.replace("_", " ") for word in words)


def written(text: str) -> str:
    """The document with the table as it is now. ValueError where it has no place for one."""
    before, rest = text.split(BEGIN)
    return f"{before}{BEGIN}\n{table()}\n{END}{rest.split(END)[1]}"


def main(arguments: list[str]) -> int:
    text = DOCUMENT.read_text()
    if "--write" in arguments:
        DOCUMENT.write_text(written(text))
        return 0
    return int(written(text) != text)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
