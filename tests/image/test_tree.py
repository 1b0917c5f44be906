"""How the tree of the image is made: what is cut off a module, what is deleted, whose the files are, how they are compiled."""

from __future__ import annotations
import __future__

import json
import marshal
import os
import struct
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

Script = Callable[[str], ModuleType]
LIBRARY = f"usr/lib/python{sys.version_info.major}.{sys.version_info.minor}"
FILES = {
    f"{LIBRARY}/abc.py": "x = 1\n",
    f"{LIBRARY}/test/test_abc.py": "assert 0\n",
    "app/proxy/__init__.py": "raise ValueError('ours')\n",
    "app/other/__init__.py": "y = 2\n",
    "app/other/fast.pyx": "",
    "app/other/tests/test_other.py": "assert 0\n",
    "app/bin/outrider": "#!/bin/sh\n",
    "app/other-1.0.dist-info/METADATA": "Metadata-Version: 2.1\nName: Other\nVersion: 1.0\nLicense-Expression: MIT\n\nText\n",
    "app/old-2.dist-info/METADATA": "Metadata-Version: 2.1\nName: old\nVersion: 2\nClassifier: License :: OSI Approved :: BSD\n",
    "var/lib/dpkg/status.d/libc6": "Package: libc6\nVersion: 2.41-12\nArchitecture: amd64\nDescription: C\n more\n",
    "var/lib/dpkg/status.d/libc6.md5sums": "0123  usr/lib/libc.so.6\n",
}


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(os, "lchown", lambda path, user, group: None)
    for name, text in FILES.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
        path.chmod(0o6777 if path.suffix == ".pyx" or path.name == "libc6" else 0o666)
    (tmp_path / LIBRARY / "alias.py").symlink_to("abc.py")
    return tmp_path


def test_a_module_is_cut_and_still_loads(script: Script, tmp_path: Path) -> None:
    import uvloop.loop

    whole = Path(uvloop.loop.__file__)
    cut = script("image_tree").loaded_part(whole.read_bytes())
    assert len(cut) < whole.stat().st_size / 2
    (tmp_path / whole.name).write_bytes(cut)
    load = "import importlib.util as u, sys; s = u.spec_from_file_location('uvloop.loop', sys.argv[1]); u.module_from_spec(s)"
    subprocess.run([sys.executable, "-c", load, str(tmp_path / whole.name)], check=True, timeout=20)


def test_a_segment_at_the_end_is_kept(script: Script) -> None:
    """patchelf puts one behind the debugging information."""
    elf = bytearray(b"\x7fELF\x02\x01" + bytes(400))
    struct.pack_into("<Q", elf, 32, 64)
    struct.pack_into("<Q", elf, 40, 300)
    struct.pack_into("<HHHHH", elf, 54, 56, 2, 64, 9, 8)
    for index, (offset, length) in enumerate([(0, 100), (350, 20)]):
        struct.pack_into("<8xQ16xQ", elf, 64 + index * 56, offset, length)
    cut = script("image_tree").loaded_part(bytes(elf))
    assert len(cut) == 370
    assert struct.unpack_from("<Q", cut, 40) == (0,)
    assert struct.unpack_from("<HHHHH", cut, 54) == (56, 2, 0, 0, 0)


@pytest.mark.parametrize("content", [b"", b"GROUP ( libc.so.6 )", b"\x7fELF\x01\x01rest", b"\x7fELF\x02\x02rest"])
def test_what_is_no_such_module_stays_as_it_is(script: Script, content: bytes) -> None:
    assert script("image_tree").loaded_part(content) == content


def test_the_tree_is_what_is_left(script: Script, tree: Path) -> None:
    script("image_tree").main(tree)
    left = {str(path.relative_to(tree)) for path in tree.rglob("*") if path.is_file()}
    tag = sys.implementation.cache_tag
    assert left == {
        f"{LIBRARY}/abc.pyc",
        f"{LIBRARY}/alias.pyc",
        "app/proxy/__init__.py",
        f"app/proxy/__pycache__/__init__.{tag}.pyc",
        "app/other/__init__.pyc",
        "usr/share/outrider/bill.cdx.json",
        *(name for name in FILES if "dist-info" in name or "dpkg" in name),
    }
    modes = {path.stat().st_mode & 0o7777 for path in tree.rglob("*") if path.is_file()}
    assert modes <= {0o644, 0o755}
    assert {path.stat().st_mode & 0o7777 for path in tree.rglob("*") if path.is_dir()} == {0o755}


def test_bytecode_is_not_checked_and_names_the_file_as_the_image_has_it(script: Script, tree: Path) -> None:
    script("image_tree").main(tree)
    compiled = list(tree.rglob("*.pyc"))
    assert [struct.unpack_from("<I", path.read_bytes(), 4)[0] for path in compiled] == [1] * len(compiled)
    named = {marshal.loads(path.read_bytes()[16:]).co_filename for path in compiled}
    assert named == {f"/{LIBRARY}/abc.py", f"/{LIBRARY}/alias.py", "/app/proxy/__init__.py", "/app/other/__init__.py"}
    load = "import sys; sys.path.insert(0, sys.argv[1]); import other; sys.exit(other.y)"
    ran = subprocess.run([sys.executable, "-I", "-c", load, str(tree / "app")], check=False, timeout=20)
    assert ran.returncode == 2


def test_the_bill_is_of_python_s_packages_and_debian_s(script: Script, tree: Path) -> None:
    script("image_tree").main(tree)
    bill = json.loads((tree / "usr/share/outrider/bill.cdx.json").read_text("utf-8"))
    assert (bill["bomFormat"], bill["specVersion"]) == ("CycloneDX", "1.5")
    assert [(item["purl"], item.get("licenses")) for item in bill["components"]] == [
        ("pkg:deb/debian/libc6@2.41-12?arch=amd64", None),
        ("pkg:pypi/old@2", [{"license": {"name": "BSD"}}]),
        ("pkg:pypi/other@1.0", [{"license": {"name": "MIT"}}]),
    ]


def test_bases_with_two_pythons_are_refused(script: Script, tmp_path: Path) -> None:
    (tmp_path / "usr/lib/python3.99").mkdir(parents=True)
    with pytest.raises(SystemExit, match=r"BUILD_IMAGE has Python 3\.\d+, RUNTIME_IMAGE has python3\.99"):
        script("image_tree").main(tmp_path)


DOCUMENTED = '''"""A module."""
from __future__ import annotations
class A:
    "Only this."
class B:
    "This,"
    b = "and that"
    async def f(self):
        """Nothing else."""
def g():
    "said"
    assert False, "kept"
'''


def test_docstrings_are_left_out_and_nothing_else_is(script: Script) -> None:
    found: dict[str, Any] = {}
    exec(marshal.loads(script("image_tree").bytecode(DOCUMENTED.encode(), "/app/x.py")[16:]), found)
    assert [found.get("__doc__"), *(found[name].__doc__ for name in "ABg"), found["B"].f.__doc__] == [None] * 5
    assert (found["B"].b, found["annotations"].compiler_flag) == ("and that", __future__.annotations.compiler_flag)
    with pytest.raises(AssertionError, match="kept") as raised:
        found["g"]()
    assert raised.traceback[-1].lineno == DOCUMENTED.splitlines().index('    assert False, "kept"')


def test_a_file_of_ours_that_cannot_be_compiled_ends_the_build(script: Script, tree: Path) -> None:
    (tree / "app/proxy/broken.py").write_text("def", "utf-8")
    with pytest.raises(SystemExit, match="app/proxy: not everything could be compiled"):
        script("image_tree").main(tree)


def test_a_file_of_others_that_cannot_be_compiled_ends_the_build(script: Script, tree: Path) -> None:
    (tree / "app/other/broken.py").write_text("def", "utf-8")
    with pytest.raises(SystemExit, match=r"/app/other/broken\.py: cannot be compiled"):
        script("image_tree").main(tree)
