"""What is in the image, and what is not: sizes, owners, modes, programs, bytecode."""

from __future__ import annotations

import gzip
import io
import os
import re
import stat
import struct
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

from tests.image.conftest import ROOT
from tests.image.container import Spec, run
from tests.image.layout import Layout

#: With all that it ships, cryptography and redis included.
UNPACKED_BYTES, COMPRESSED_BYTES = 80_000_000, 25 * 2**20
#: Without what only an extra brings.
PLAIN_UNPACKED_BYTES, PLAIN_COMPRESSED_BYTES = 62_000_000, 20_000_000
SHELLS = re.compile(r"(ba|da|a|z|k|c|tc|fi)?sh|busybox|toybox")
INSTALLERS = re.compile(
    r"(apt|dpkg|apk|rpm|yum|dnf|microdnf|pip|easy_install|ensurepip|setuptools|uv|conda)([-._0-9].*)?"
)
#: https://peps.python.org/pep-0552/: hash-based, and not checked against the source.
UNCHECKED = 1
Script = Callable[[str], ModuleType]


def regular(root: Path) -> Iterator[tuple[Path, os.stat_result]]:
    for path in sorted(root.rglob("*")):
        found = path.lstat()
        if stat.S_ISREG(found.st_mode):
            yield path, found


def test_it_is_small(layout: Layout, root: Path, script: Script, measured: Callable[[str], None]) -> None:
    plain = without_extras(root, script("image_packages"))
    unpacked, plain_unpacked = (sum(found.st_size for _, found in files) for files in (list(regular(root)), plain))
    plain_compressed = packed(root, [path for path, _ in plain])
    measured(f"{unpacked / 1e6:.1f} MB, {layout.compressed / 1e6:.1f} MB compressed")
    measured(f"without extras {plain_unpacked / 1e6:.1f} MB, {plain_compressed / 1e6:.1f} MB compressed")
    assert unpacked <= UNPACKED_BYTES
    assert layout.compressed <= COMPRESSED_BYTES
    assert plain_unpacked <= PLAIN_UNPACKED_BYTES
    assert plain_compressed <= PLAIN_COMPRESSED_BYTES


def without_extras(root: Path, packages: ModuleType) -> list[tuple[Path, os.stat_result]]:
    """All files but those that a package of an extra brought, by the records of what was installed."""
    lock = (ROOT / "requirements.lock").read_text("utf-8")
    needed = set(re.findall(r"^([\w-]+)==", packages.chosen(lock, ""), flags=re.MULTILINE)) | {"outrider"}
    extra: set[str] = set()
    for folder in (root / "app").glob("*.dist-info"):
        if re.sub(r"[-_.]+", "-", folder.name.partition("-")[0]).lower() not in needed:
            extra |= {line.split(",")[0] for line in (folder / "RECORD").read_text("utf-8").splitlines()}
    # Bytecode stands where the record names the source.
    extra |= {f"{name}c" for name in extra}
    gone = {root / "app" / name for name in extra}
    return [(path, found) for path, found in regular(root) if path not in gone]


def packed(root: Path, paths: list[Path]) -> int:
    """Bytes of these files as a layer, with gzip's usual effort."""
    held = io.BytesIO()
    with (
        gzip.GzipFile(fileobj=held, mode="wb", compresslevel=6) as stream,
        tarfile.open(fileobj=stream, mode="w|") as archive,
    ):
        for path in paths:
            archive.add(path, str(path.relative_to(root)))
    return held.tell()


def test_it_runs_as_a_number_by_no_shell(layout: Layout) -> None:
    assert layout.config["User"] == "65532:65532"
    assert layout.config["Entrypoint"] == ["/usr/bin/python", "-P", "-m", "proxy"]
    assert layout.config["Cmd"] == ["serve"]
    assert set(layout.config["ExposedPorts"]) == {"11411/tcp", "11412/tcp"}
    assert "Healthcheck" not in layout.config
    assert not layout.config.get("Volumes")


def test_its_environment_tells_nothing_of_who_built_it(layout: Layout) -> None:
    known = "PATH LANG SSL_CERT_FILE PYTHONPATH PYTHONUNBUFFERED PYTHONDONTWRITEBYTECODE PYTHONFAULTHANDLER MALLOC_ARENA_MAX"
    assert set(layout.environment) == set(known.split())


def test_everything_is_root_s_and_nobody_else_may_write(root: Path) -> None:
    for path in (root, *root.rglob("*")):
        found = path.lstat()
        if path != root:
            assert (found.st_uid, found.st_gid) == (0, 0), path
        if not stat.S_ISLNK(found.st_mode):
            assert not found.st_mode & 0o7022, f"{path}: {found.st_mode:o}"
            assert stat.S_ISREG(found.st_mode) or stat.S_ISDIR(found.st_mode), path
            assert found.st_mode & 0o444 == 0o444, path


def test_there_is_no_shell_and_nothing_that_installs(root: Path) -> None:
    runnable = {path.name for path, found in regular(root) if found.st_mode & 0o111}
    names = runnable | {path.name for path in (root / "app").iterdir()}
    assert "proxy" in names
    assert {name for name in names if SHELLS.fullmatch(name) or INSTALLERS.fullmatch(name)} == set()
    programs = {path.name for folder in ("usr/bin", "usr/sbin", "usr/local/bin") for path in (root / folder).glob("*")}
    assert {name for name in programs if not re.fullmatch(r"python[\d.]*", name)} == set()
    assert (root / "usr/bin/python3").resolve().exists()


def test_all_bytecode_is_there_and_never_checked(root: Path) -> None:
    compiled = [path for path, _ in regular(root) if path.suffix == ".pyc"]
    heads = {path: struct.unpack("<4sI", path.read_bytes()[:8]) for path in compiled}
    assert [path for path, (_, flags) in heads.items() if flags != UNCHECKED] == []
    assert len({magic for magic, _ in heads.values()}) == 1, "compiled by two Pythons"
    sources = [path for path, _ in regular(root) if path.suffix == ".py" and "etc" not in path.parts]
    tags = {path.suffixes[0] for path in compiled if path.parent.name == "__pycache__"}
    assert len(tags) == 1
    missing = [path for path in sources if not (path.parent / "__pycache__" / f"{path.stem}{min(tags)}.pyc").exists()]
    assert missing == []
    ours = {path.relative_to(root / "app") for path in sources}
    assert ours == {path.relative_to(ROOT) for path in (ROOT / "proxy").rglob("*.py")}


def test_nothing_is_compiled_at_start(spec: Callable[..., Spec]) -> None:
    asked = spec()
    asked.command = [asked.command[0], "-v", "-P", "-c", "import proxy.__main__, proxy.app"]
    code, said = run(asked)
    assert code == 0
    assert "/app/proxy/__pycache__/app." in said
    assert re.findall(r"code object from '?\S+\.py'?$", said, flags=re.MULTILINE) == []


#: Imported where they are configured, and compiled by others: that the files are there says little.
LATE = ("redis.asyncio", "cryptography.x509", "cryptography.hazmat.primitives.asymmetric.ec", "uvloop", "yaml._yaml")
IMPORT_ALL = "import importlib, sys\nfor name in sys.stdin.read().split(): importlib.import_module(name)"


def test_every_module_of_ours_can_be_imported(spec: Callable[..., Spec], root: Path) -> None:
    files = [path.relative_to(root / "app").with_suffix("") for path in (root / "app/proxy").rglob("*.py")]
    names = [".".join(path.parts).removesuffix(".__init__") for path in files]
    asked = spec()
    asked.command = [asked.command[0], "-P", "-W", "error", "-c", IMPORT_ALL]
    assert run(asked, " ".join([*names, *LATE])) == (0, "")


def test_what_it_verifies_certificates_with_is_there(spec: Callable[..., Spec]) -> None:
    asked = spec()
    source = "import ssl, zoneinfo; zoneinfo.ZoneInfo('Asia/Kolkata'); print(len(ssl.create_default_context().get_ca_certs()))"
    asked.command = [asked.command[0], "-P", "-c", source]
    code, said = run(asked)
    assert code == 0, said
    assert int(said) > 100
