"""What is installed is what is declared: pins cover it, imports need it, and the container gets it."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator, Mapping
from configparser import ConfigParser
from functools import cache
from importlib import metadata
from pathlib import Path

import proxy
from tests.architecture import Module, roots

ROOT = Path(__file__).parent.parent
CONFIG = ConfigParser()
CONFIG.read(ROOT / "setup.cfg", "utf-8")

RUNTIME = CONFIG["options"]["install_requires"].split()
EXTRAS = {name: packages.split() for name, packages in CONFIG["options.extras_require"].items()}
DEVELOPMENT = EXTRAS["dev"]
#: Package of an extra -> the files that import it, inside functions only: the process starts without it.
LATE = {
    "cryptography": ["proxy/injector/certificates.py", "proxy/upstream/credentials/rs256.py"],
    "redis": ["proxy/redis_client.py"],
    "tiktoken": ["proxy/tokens.py"],
}
#: What every container has, but only a sidecar with a cache loads -> the files that import it.
OF_THE_CACHE = {"aiocache": ["proxy/cache/bounded.py", "proxy/cache/shared.py"]}


def normal(name: str) -> str:
    """https://packaging.python.org/en/latest/specifications/name-normalization/"""
    return re.sub(r"[-_.]+", "-", name).lower()


def read_pins() -> dict[str, str]:
    lines = (ROOT / "constraints.txt").read_text("utf-8").splitlines()
    return {normal(name): version for name, _, version in (line.partition("==") for line in lines) if version}


def with_dependencies(names: list[str]) -> set[str]:
    """The distributions themselves and, without extras, all that they require here."""
    found: set[str] = set()
    waiting = [normal(name) for name in names]
    while waiting:
        name = waiting.pop()
        if name not in found and is_installed(name):
            found.add(name)
            required = metadata.requires(name) or []
            waiting += [normal(re.split(r"[^\w.-]", line)[0]) for line in required if "extra ==" not in line]
    return found


def is_installed(name: str) -> bool:
    return any(metadata.distributions(name=name))


@cache
def shipped() -> list[Module]:
    files = sorted((ROOT / "proxy").rglob("*.py"))
    return [Module(str(file.relative_to(ROOT)), file.read_text("utf-8")) for file in files]


def imported_at_once(module: Module) -> set[str]:
    """What importing the module imports: all but what stands inside its functions."""
    statements = [node for node in outside_functions(module.tree) if isinstance(node, ast.Import | ast.ImportFrom)]
    return roots(Module(module.path, "\n".join(map(ast.unparse, statements))))


def outside_functions(tree: ast.AST) -> Iterator[ast.AST]:
    for node in ast.iter_child_nodes(tree):
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and not is_for_types_alone(node):
            yield node
            yield from outside_functions(node)


def is_for_types_alone(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"


@cache
def all_homes() -> Mapping[str, list[str]]:
    return metadata.packages_distributions()


def homes_of(names: set[str]) -> set[str]:
    """The distributions that third-party imports come from."""
    homes = all_homes()
    third_party = names - sys.stdlib_module_names - {"proxy"}
    return {normal(home) for name in third_party for home in homes[name]}


def test_everything_declared_is_pinned_at_the_tested_version() -> None:
    pins = read_pins()
    needed = with_dependencies(RUNTIME + DEVELOPMENT)
    assert {normal(name) for name in RUNTIME + DEVELOPMENT} <= needed
    assert {name: metadata.version(name) for name in needed} == {name: pins.get(name) for name in needed}


def test_the_runtime_needs_exactly_what_is_imported() -> None:
    imported = homes_of(set().union(*map(roots, shipped())))
    assert imported - LATE.keys() == {normal(name) for name in RUNTIME}


def users(package: str) -> list[Module]:
    return [module for module in shipped() if package in homes_of(roots(module))]


def test_an_extra_is_imported_late_by_few_files() -> None:
    extras = {name for extra, packages in EXTRAS.items() if extra != "dev" for name in packages}
    assert extras == LATE.keys()
    for package, paths in LATE.items():
        assert [module.path for module in users(package)] == paths
        assert not any(package in homes_of(imported_at_once(module)) for module in users(package))
    assert extras <= set(DEVELOPMENT), "nothing would be tested"


def test_what_only_the_cache_needs_is_imported_by_files_of_the_cache() -> None:
    assert {package: [module.path for module in users(package)] for package in OF_THE_CACHE} == OF_THE_CACHE


def test_what_is_imported_at_once_is_all_but_what_stands_in_functions() -> None:
    source = (
        "import one\nclass A:\n    import two\n    async def f(self):\n        import three\nif x:\n    import four\n"
    )
    assert imported_at_once(Module("proxy/x.py", source)) == {"one", "two", "four"}


def test_the_version_has_one_home() -> None:
    assert CONFIG["metadata"]["version"] == "attr: proxy.__version__"
    assert f"## {proxy.__version__}" in (ROOT / "CHANGELOG.md").read_text("utf-8")


def test_the_build_of_the_container_gets_every_file_it_copies() -> None:
    allowed = re.findall(r"^!(\S+)", (ROOT / ".dockerignore").read_text("utf-8"), flags=re.MULTILINE)
    copies = re.findall(r"^COPY (?!--from)(.+) \S+$", (ROOT / "Dockerfile").read_text("utf-8"), flags=re.MULTILINE)
    assert sorted(name for line in copies for name in line.split()) == sorted(allowed)


def test_every_file_that_is_no_module_is_shipped() -> None:
    """setuptools looks for a pattern in the folder of each package, and not below."""
    patterns = [pattern.strip() for pattern in CONFIG["options.package_data"]["*"].split(",")]
    packages = {file.parent for file in (ROOT / "proxy").rglob("__init__.py")}
    shipped_files = {file for package in packages for pattern in patterns for file in package.glob(pattern)}
    files = {file for file in (ROOT / "proxy").rglob("*") if file.is_file() and file.suffix not in (".py", ".pyc")}
    assert files == shipped_files
