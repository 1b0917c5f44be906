"""Where each value of the configuration in use came from: a line of the file, the environment, another section, a default.

It walks what was loaded and asks nobody. Keys are masked, and no header's value is shown.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal, NamedTuple

import msgspec

from proxy.config import OVERRIDES
from proxy.config.decode import HIDDEN
from proxy.config.lines import Lines
from proxy.config.sections import Config
from proxy.config.values import Secret
from proxy.providers import all_providers

From = Literal["file", "environment", "inherited", "kind", "default"]
#: Sections that each provider has for itself, too.
COMMON = ("timeouts", "pool", "retry", "breaker")
WRITTEN_HERE = "configuration file"
#: The environment's own: path -> variable.
VARIABLES = {f"{section}.{key}": variable for variable, (section, _, key) in OVERRIDES.items()}


class Origin(NamedTuple):
    """`place`: where that is, for a person."""

    source: From
    place: str


class Setting(NamedTuple):
    """`value`: plain data, fit to be shown."""

    path: str
    value: Any
    origin: Origin


class Origins:
    """`settings` of a configuration that was loaded from `file`, None where there was none, in this environment."""

    def __init__(self, config: Config, file: Path | None, environ: Mapping[str, str]) -> None:
        self._config = config
        self._name = "" if file is None else file.name
        self._lines = Lines(file)
        self._environ = environ

    def settings(self) -> Iterator[Setting]:
        """Every one there is, in the order of the sections."""
        for path, value in leaves(self._config, ""):
            yield Setting(path, shown_value(path, value), self.of(path, value))

    def of(self, path: str, value: Any) -> Origin:
        variable = VARIABLES.get(path)
        if variable is not None and self._environ.get(variable):
            return Origin("environment", f"environment {variable}")
        line = self._lines.of(path)
        if line is not None:
            return Origin("file", f"{self._name}:{line}{named_there(value)}")
        first_key = self._lines.of(f"{path}s[0]") if isinstance(value, Secret) else None
        if first_key is not None:
            return Origin("file", f"{self._name}:{first_key}{named_there(value)}")
        if isinstance(value, Secret) and value.file is not None:
            return Origin("file", value.origin)
        if isinstance(value, Secret):
            return Origin("environment", f"environment {value.origin}")
        return (self._of_provider(path) if value else None) or Origin("default", "default")

    def _of_provider(self, path: str) -> Origin | None:
        """What nobody wrote for a provider: from the common section, what its kind brings, or the environment."""
        found = next((name for name in self._config.providers if path.startswith(f"providers.{name}.")), None)
        if found is None:
            return None
        first, _, rest = path.removeprefix(f"providers.{found}.").partition(".")
        if first in COMMON:
            return self._inherited(f"{first}.{rest}")
        kind = self._config.providers[found].kind
        if first == "options":
            option = all_providers()[kind].options.get(rest)
            variables = option.env if option is not None else ()
            named = next((name for name in variables if self._environ.get(name, "").strip()), None)
            return Origin("environment", f"environment {named}") if named else Origin("kind", f"default of {kind}")
        if first == "mock" and found != "mock":
            return self._inherited(f"providers.mock.mock.{rest}")
        return Origin("kind", OF_KIND[first].format(kind)) if first in OF_KIND else None

    def _inherited(self, path: str) -> Origin | None:
        line = self._lines.of(path)
        return None if line is None else Origin("inherited", f"{path} ({self._name}:{line})")


#: Key of a provider that nobody wrote -> what it is then.
OF_KIND = {"kind": "the entry's name", "base_url": "default of {}"}


def named_there(value: Any) -> str:
    """What a key's line names instead of the key."""
    return f" ({value.origin})" if isinstance(value, Secret) and value.origin != WRITTEN_HERE else ""


def leaves(value: Any, path: str) -> Iterator[tuple[str, Any]]:
    """Everything that has no parts with a name or a number of their own."""
    if isinstance(value, msgspec.Struct):
        # What was found out beside the file is none of its settings.
        for field in msgspec.structs.fields(getattr(value, "shape", value)):
            yield from leaves(getattr(value, field.name), f"{path}.{field.encode_name}".lstrip("."))
    elif isinstance(value, Mapping) and value:
        for key, item in value.items():
            yield from leaves(item, f"{path}.{key}")
    elif isinstance(value, tuple) and any(isinstance(item, msgspec.Struct | Secret) for item in value):
        for at, item in enumerate(value):
            yield from leaves(item, f"{path}[{at}]")
    else:
        yield path, value


def shown_value(path: str, value: Any) -> Any:
    if isinstance(value, Secret):
        return HIDDEN if ".headers." in path else value.masked
    return msgspec.to_builtins(value, enc_hook=str)
