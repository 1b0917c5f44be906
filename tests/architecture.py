"""The rules of the house: who may import whom, what is pure, what things are called, how large they grow.

Each rule is a function from the modules to complaints, and a complaint says what to do. The source is read with `ast`,
never imported. The tables at the top say what is allowed; a new file directly in proxy/ needs a row in IMPORTS.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from statistics import median
from typing import NamedTuple

DIALECT_LAYER = frozenset({"call", "wire", "dialects"})
ROAD_OUT = DIALECT_LAYER | {"providers", "signing", "prices", "receipt", "estimate", "relay", "translate"}
READ_AT_START = frozenset({"advice", "call", "providers", "signing", "config", "routing", "logs"})
WIRED = (
    ROAD_OUT
    | READ_AT_START
    | {"budgeting", "limiting", "models", "lookup", "resilience", "roads", "upstream", "policies", "stack", "tokens"}
)

#: area (a file or a folder directly in proxy/) -> areas it may import besides itself. Imports point down only.
IMPORTS: Mapping[str, frozenset[str]] = {
    "proxy": frozenset(),
    "usage": frozenset(),
    "call": frozenset({"usage"}),
    "advice": frozenset({"call"}),
    "wire": frozenset({"call"}),
    "dialects": frozenset({"call", "usage", "wire"}),
    "providers": DIALECT_LAYER,
    "signing": frozenset({"call"}),
    "prices": frozenset({"call"}),
    "ratelimits": DIALECT_LAYER | {"providers"},
    "receipt": frozenset({"call"}),
    "estimate": frozenset({"call"}),
    "tokens": frozenset({"call", "estimate"}),
    "relay": DIALECT_LAYER | {"providers"},
    "quirks": DIALECT_LAYER | {"providers"},
    "translate": DIALECT_LAYER | {"providers", "quirks", "relay"},
    "models": frozenset({"call", "prices"}),
    "needs": frozenset({"call", "models"}),
    "catalog": frozenset({"call", "providers", "models"}),
    "config": frozenset({"call", "providers", "signing", "models", "prices"}),
    "routing": frozenset({"call", "providers"}),
    "lookup": frozenset({"call", "providers", "models", "catalog", "routing"}),
    "tracing": frozenset({"call", "advice"}),
    "traces": frozenset({"config", "policies", "tracing", "upstream"}),
    "logs": frozenset({"call", "advice"}),
    "upstream": ROAD_OUT | {"cache", "catalog", "needs", "redis_client", "tracing"},
    "roads": ROAD_OUT | {"config", "upstream"},
    "policies": frozenset({"call", "cache", "config", "estimate", "models", "needs", "prices", "selection", "tracing"}),
    "selection": frozenset({"call", "estimate", "needs"}),
    "resilience": frozenset({"call", "config", "estimate", "models", "policies", "prices", "selection"}),
    "stack": frozenset({"call", "config", "policies", "upstream"}),
    "server": ROAD_OUT | {"config", "routing", "logs", "upstream"},
    "injector": frozenset(),
    "redis_client": frozenset(),
    "cache": frozenset({"call", "redis_client"}),
    "caching": WIRED | {"cache", "redis_client"},
    "limiting": ROAD_OUT | {"config", "policies", "ratelimits", "redis_client", "upstream"},
    "ledger": frozenset(),
    "budgeting": frozenset({"call", "config", "ledger", "models", "policies", "prices", "upstream"}),
    "awaiting": frozenset({"call", "config", "providers", "routing"}),
    "draining": frozenset({"config", "server"}),
    "source": frozenset({"config"}),
    "reload": frozenset({"config"}),
    "journal": frozenset({"call", "config", "logs", "policies", "upstream"}),
    "extras": WIRED | {"server", "traces"},
    "generation": WIRED | {"awaiting", "caching", "extras", "journal", "traces"},
    "shown": frozenset({"call", "logs", "policies", "server", "app"})
    | {"shown_budgets", "shown_cache", "shown_entrance", "shown_log", "shown_page", "shown_process", "shown_providers"}
    | {"shown_traces"},
    "shown_cache": frozenset({"call", "cache", "caching", "server", "app"}),
    "shown_budgets": frozenset({"policies", "app"}),
    "shown_page": frozenset({"advice", "call", "config", "server", "app"}),
    "shown_entrance": frozenset({"app"}),
    "shown_log": frozenset({"app"}),
    "shown_process": frozenset({"app"}),
    "shown_used": frozenset({"app", "call", "logs"}),
    "shown_traces": frozenset({"app"}),
    "shown_providers": frozenset({"app"}),
    "entrance": frozenset({"call", "config", "logs", "server"}),
    "app": WIRED
    | {"awaiting", "draining", "entrance", "extras", "generation", "journal", "reload", "server"}
    | {"shown", "shown_process", "shown_used", "source"},
    "terminal": frozenset(),
    "top_table": frozenset({"terminal"}),
    "command_examples": frozenset(),
    "command_line": frozenset({"command_examples", "command_line_kubernetes"}),
    "command_line_kubernetes": frozenset(),
    "doctor": READ_AT_START | {"redis_client", "roads", "server", "upstream"},
    "commands": READ_AT_START | {"app", "commands_settings", "terminal"},
    "commands_settings": frozenset({"config", "terminal"}),
    "commands_completion": frozenset({"call", "command_line", "providers"}),
    "commands_doctor": frozenset({"config", "doctor", "terminal"}),
    "commands_inject": frozenset({"injector", "terminal"}),
    "commands_injector": frozenset({"injector", "terminal"}),
    "commands_tail": frozenset({"call", "terminal", "upstream"}),
    "commands_top": frozenset({"commands_tail", "terminal", "top_table", "upstream"}),
    "commands_models": READ_AT_START | {"models", "lookup", "prices", "terminal"},
    "pricelist": frozenset({"call", "config", "models", "prices", "providers"}),
    "commands_prices": READ_AT_START | {"models", "prices", "pricelist", "terminal"},
    "__main__": READ_AT_START
    | {
        "app",
        "command_line",
        "commands",
        "commands_completion",
        "commands_doctor",
        "commands_models",
        "commands_prices",
    }
    | {"commands_inject", "commands_injector", "commands_tail", "commands_top"},
}

PURE = (
    "usage",
    "call",
    "advice",
    "wire",
    "dialects",
    "providers",
    "signing",
    "prices",
    "ratelimits",
    "receipt",
    "estimate",
    "relay",
    "quirks",
    "translate",
    "tracing",
    "models",
    "needs",
    "catalog",
    "injector.annotations",
    "injector.container",
    "injector.difference",
    "injector.overlay",
    "injector.owner",
    "injector.patch",
    "injector.placing",
    "injector.quantity",
    "injector.rules",
    "injector.shape",
    "injector.status",
    "injector.variables",
    "injector.workloads",
)
IMPURE_MODULES = frozenset({"asyncio", "os", "random", "secrets", "socket", "ssl", "threading", "time", "uuid"})
IMPURE_CALLS = frozenset({"now", "utcnow", "today", "open", "input", "print"})

AIOHTTP = ("server", "upstream", "injector.webhook", "injector.cluster")
STANDARD_LIBRARY_ONLY = ("usage", "call", "wire")
NAMELESS = frozenset({"utils", "util", "helpers", "helper", "common", "misc", "base", "manager"})

LONGEST_FILE = 250
LONGEST_FUNCTION = 40
MEDIAN_FUNCTION = 9


class Module(NamedTuple):
    """`path` is relative to the repository; `name` leaves out `proxy.`, so that its first word is the area."""

    path: str
    source: str

    @property
    def name(self) -> str:
        dotted = self.path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
        return dotted.removeprefix("proxy.")

    @property
    def area(self) -> str:
        return self.name.partition(".")[0]

    @property
    def tree(self) -> ast.Module:
        return parse(self.source, self.path)

    def within(self, names: tuple[str, ...]) -> bool:
        return any(self.name == name or self.name.startswith(name + ".") for name in names)


@cache
def parse(source: str, path: str) -> ast.Module:
    return ast.parse(source, path)


Rule = Callable[[list[Module]], Iterator[str]]


def shipped(module: Module) -> bool:
    return module.path.startswith("proxy/")


def imported(module: Module) -> Iterator[str]:
    """Every name the module imports, dotted and in full, wherever the statement stands; ruff refuses relative ones."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def ours(module: Module) -> Iterator[str]:
    """What the module imports of ours, without the leading `proxy.`; dunders such as `__version__` belong to nobody."""
    for name in imported(module):
        if name.startswith("proxy.") and not name.startswith("proxy.__"):
            yield name.removeprefix("proxy.")


def imports_point_down(modules: list[Module]) -> Iterator[str]:
    for module in filter(shipped, modules):
        if module.area not in IMPORTS:
            yield f"{module.path}: give `{module.area}` a row in IMPORTS of tests/architecture.py"
            continue
        allowed = IMPORTS[module.area] | {module.area}
        for name in ours(module):
            if name.partition(".")[0] not in allowed:
                yield f"{module.path}: must not import proxy.{name}; `{module.area}` may import {sorted(allowed)}"


def dialects_know_only_the_hub(modules: list[Module]) -> Iterator[str]:
    for module in modules:
        own = dialect_of(module)
        others = {dialect_of(other) for other in modules} - {own, "openai", None}
        for name in ours(module) if own else ():
            other = name.removeprefix("dialects.").partition(".")[0]
            if name.startswith("dialects.") and other in others:
                yield f"{module.path}: {own} must not know {other}; share a file directly in dialects/"


def dialect_of(module: Module) -> str | None:
    parts = module.path.split("/")
    return parts[2] if module.area == "dialects" and len(parts) > 3 else None


def pure_means_pure(modules: list[Module]) -> Iterator[str]:
    for module in modules:
        if not module.within(PURE):
            continue
        for name in imported(module):
            if name.partition(".")[0] in IMPURE_MODULES:
                yield f"{module.path}: must not import {name}; clocks, dice and the environment are arguments here"
        for node in ast.walk(module.tree):
            if isinstance(node, ast.Call) and called(node) in IMPURE_CALLS:
                yield f"{module.path}:{node.lineno}: must not call {called(node)}(); hand the result in as an argument"


def called(node: ast.Call) -> str:
    return ast.unparse(node.func).rpartition(".")[2]


def aiohttp_stays_at_the_edges(modules: list[Module]) -> Iterator[str]:
    for module in filter(shipped, modules):
        if "aiohttp" in roots(module) and not module.within(AIOHTTP):
            yield f"{module.path}: must not import aiohttp; only {', '.join(AIOHTTP)} do"


def the_core_needs_no_package(modules: list[Module]) -> Iterator[str]:
    for module in modules:
        if module.within(STANDARD_LIBRARY_ONLY):
            for name in sorted(roots(module) - sys.stdlib_module_names - {"proxy"}):
                yield f"{module.path}: must not import {name}; the standard library is enough for `{module.area}`"


def roots(module: Module) -> set[str]:
    return {name.partition(".")[0] for name in imported(module)}


def every_file_has_its_twin(modules: list[Module]) -> Iterator[str]:
    """A provider file without functions is data: tests/providers/test_conformance.py covers every one of them."""
    present = {module.path for module in modules}
    for module in modules:
        twin = twin_of(module)
        if twin and twin not in present:
            yield f"{module.path}: write {twin}"


def twin_of(module: Module) -> str | None:
    folder, _, file = module.path.rpartition("/")
    if not shipped(module) or file == "__init__.py":
        return None
    if module.area == "providers" and not list(functions(module)):
        return "tests/providers/test_conformance.py"
    return f"{folder.replace('proxy', 'tests', 1)}/test_{file.removesuffix('.py').strip('_')}.py"


def names_say_something(modules: list[Module]) -> Iterator[str]:
    for module in modules:
        word = module.name.rpartition(".")[2].rpartition("_")[2]
        if word in NAMELESS:
            yield f"{module.path}: name it after what it knows; `{word}` could hold anything"


def every_folder_is_a_package(modules: list[Module]) -> Iterator[str]:
    present = {module.path for module in modules}
    for folder in sorted({module.path.rpartition("/")[0] for module in modules}):
        if f"{folder}/__init__.py" not in present:
            yield f"{folder}: add {folder}/__init__.py, or setuptools and pytest will not see what is in it"


def every_file_says_what_it_knows(modules: list[Module]) -> Iterator[str]:
    for module in modules:
        if (module.source.strip() or shipped(module)) and not ast.get_docstring(module.tree):
            yield f"{module.path}: begin with a docstring that says what the file knows and refuses to know"


def files_stay_small(modules: list[Module]) -> Iterator[str]:
    for module in filter(shipped, modules):
        lines = len(module.source.splitlines())
        if lines > LONGEST_FILE:
            yield f"{module.path}: {lines} lines (at most {LONGEST_FILE}); give its second subject a file"


def functions_stay_small(modules: list[Module]) -> Iterator[str]:
    lengths = []
    for module in filter(shipped, modules):
        for name, lines in functions(module):
            lengths.append(lines)
            if lines > LONGEST_FUNCTION:
                yield f"{module.path}: {name}() has {lines} lines; split it (at most {LONGEST_FUNCTION})"
    if lengths and median(lengths) > MEDIAN_FUNCTION:
        yield f"proxy/: the median function has {median(lengths)} lines (at most {MEDIAN_FUNCTION})"


def functions(module: Module) -> Iterator[tuple[str, int]]:
    """Name and length in lines of each function, from `def` to its end, its docstring left out."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            docstring = (ast.get_docstring(node, clean=False) or "").splitlines()
            yield node.name, (node.end_lineno or node.lineno) - node.lineno + 1 - len(docstring)


RULES: tuple[Rule, ...] = (
    imports_point_down,
    dialects_know_only_the_hub,
    pure_means_pure,
    aiohttp_stays_at_the_edges,
    the_core_needs_no_package,
    every_file_has_its_twin,
    names_say_something,
    every_folder_is_a_package,
    every_file_says_what_it_knows,
    files_stay_small,
    functions_stay_small,
)
