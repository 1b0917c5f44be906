"""Make the root of the image out of an unpacked base with the packages in /app: small, root's, compiled. Run by the Dockerfile.

It deletes what no process of ours reads, cuts debugging information off compiled modules, takes the right to write from everybody
but root, writes the list of what is inside, and compiles what is left. It knows nothing of what the sidecar does.
"""

from __future__ import annotations

import ast
import marshal
import os
import stat
import struct
import sys
from compileall import compile_dir
from importlib.util import MAGIC_NUMBER, source_hash
from pathlib import Path
from py_compile import PycInvalidationMode
from shutil import rmtree

from image_bill import write_bill

LIBRARY = f"usr/lib/python{sys.version_info.major}.{sys.version_info.minor}"
OURS = "app/proxy"
#: Of Python's library: tests, other systems, tools for a terminal, old protocols, and codecs of single countries.
MODULES = (
    *("ensurepip", "idlelib", "lib2to3", "pydoc_data", "test", "tkinter", "turtledemo", "unittest", "venv", "_pyrepl"),
    *(
        "_aix*",
        "_android*",
        "_apple*",
        "_ios*",
        "_osx*",
        "__phello__",
        "antigravity.py",
        "this.py",
        "turtle.py",
        "wave.py",
    ),
    *(
        "cProfile.py",
        "doctest.py",
        "pdb.py",
        "profile.py",
        "pstats.py",
        "pyclbr.py",
        "pydoc.py",
        "tabnanny.py",
        "timeit.py",
    ),
    *(
        "curses",
        "dbm",
        "ftplib.py",
        "imaplib.py",
        "mailbox.py",
        "poplib.py",
        "smtplib.py",
        "sqlite3",
        "wsgiref",
        "xmlrpc",
    ),
    *("trace.py", "webbrowser.py", "config-*", "EXTERNALLY-MANAGED", "sitecustomize.py"),
    *("lib-dynload/_codecs_*", "lib-dynload/_*test*", "lib-dynload/xx*"),
)
#: Of the C library: what programs of other compilers, profilers and network services need.
LIBRARIES = (
    *("engines-3", "gconv", "libBroken*", "libc_malloc_debug*", "libexpatw*", "libmemusage*", "libmvec*", "libnsl*"),
    *("libnss_[ch]*", "libpcprofile*"),
)
#: Relative patterns, of files and of whole folders.
UNREAD = (
    *("app/bin", "app/**/tests", "app/**/test", "app/*/_testcapi*.so", "**/__pycache__"),
    *(f"app/**/*.{ending}" for ending in ("pyi", "pyx", "pxd", "pxi", "c", "h", "hash")),
    *(f"{LIBRARY}/{name}" for name in MODULES),
    *(f"usr/lib/*/{name}" for name in LIBRARIES),
    *(f"usr/share/{name}" for name in ("bash-completion", "info", "lintian", "locale", "man", "perl5", "python3")),
    *("usr/share/doc/*/[!c]*", "usr/share/doc/*/changelog*", "usr/share/zoneinfo/right", "usr/share/zoneinfo/posix"),
    *("home/*", "usr/include", "var/cache/*"),
)
#: Flags of a file whose bytecode is for a hash of its source, and is not compared with it. https://peps.python.org/pep-0552/
UNCHECKED = struct.pack("<I", 1)
DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
#: https://refspecs.linuxfoundation.org/elf/gabi4+/ch5.pheader.html
ELF64_LITTLE = b"\x7fELF\x02\x01"
PROGRAM_HEADERS, SECTION_HEADERS, NUMBERS = 32, 40, 54


def shrink(root: Path) -> None:
    for pattern in UNREAD:
        for path in sorted(root.glob(pattern)):
            rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink(missing_ok=True)
    for module in root.glob("app/**/*.so"):
        module.write_bytes(loaded_part(module.read_bytes()))


def loaded_part(elf: bytes) -> bytes:
    """A shared object without what stands behind its last segment: debugging information, symbols, the table of sections.

    Whoever loads it reads program headers only. What is no little-endian ELF of 64 bits is returned as it is.
    """
    if not elf.startswith(ELF64_LITTLE):
        return elf
    (start,) = struct.unpack_from("<Q", elf, PROGRAM_HEADERS)
    size, count = struct.unpack_from("<HH", elf, NUMBERS)
    segments = [struct.unpack_from("<8xQ16xQ", elf, start + index * size) for index in range(count)]
    kept = bytearray(elf[: max(offset + length for offset, length in segments)])
    struct.pack_into("<Q", kept, SECTION_HEADERS, 0)
    struct.pack_into("<HHH", kept, NUMBERS + 4, 0, 0, 0)
    return bytes(kept)


def own(root: Path) -> None:
    """root:root for all; only root may write; no set-user-id."""
    for folder, folders, files in os.walk(root):
        for path in [Path(folder), *(Path(folder, name) for name in folders + files)]:
            os.lchown(path, 0, 0)
            if not path.is_symlink():
                runs = path.is_dir() or path.stat().st_mode & stat.S_IXUSR
                path.chmod(0o755 if runs else 0o644)


def compile_all(root: Path) -> None:
    """What others have written is left as bytecode alone, which Python loads from where the source was; ours keeps its source, so
    that a traceback shows its lines, and its docstrings, which are the texts of its commands.

    All of it is unchecked-hash: used as it stands, whatever the times of the files, so that nothing is compiled at start.
    """
    sources = [path for folder in (LIBRARY, "app") for path in (root / folder).rglob("*.py")]
    theirs = [path for path in sources if not path.is_relative_to(root / OURS)]
    for source in theirs:
        source.with_suffix(".pyc").write_bytes(bytecode(source.read_bytes(), f"/{source.relative_to(root)}"))
    for source in theirs:
        source.unlink()
    unchecked = PycInvalidationMode.UNCHECKED_HASH
    if not compile_dir(root / OURS, quiet=1, stripdir=str(root), prependdir="/", invalidation_mode=unchecked):
        sys.exit(f"{OURS}: not everything could be compiled")


def bytecode(source: bytes, name: str) -> bytes:
    """The content of a .pyc, without docstrings: every process would hold them in memory. SystemExit where it is no Python."""
    try:
        tree = ast.parse(source, name)
    except (SyntaxError, ValueError) as error:
        sys.exit(f"{name}: cannot be compiled ({error})")
    for node in ast.walk(tree):
        if isinstance(node, DOCUMENTED) and ast.get_docstring(node, clean=False) is not None:
            empty = len(node.body) == 1 and not isinstance(node, ast.Module)
            node.body[:1] = [ast.copy_location(ast.Pass(), node.body[0])] if empty else []
    code = marshal.dumps(compile(tree, name, "exec", dont_inherit=True, optimize=0))
    return MAGIC_NUMBER + UNCHECKED + source_hash(source) + code


def main(root: Path) -> None:
    if not (root / LIBRARY).is_dir():
        found = ", ".join(sorted(path.name for path in root.glob("usr/lib/python3.*"))) or "no Python"
        sys.exit(f"BUILD_IMAGE has Python {sys.version_info.major}.{sys.version_info.minor}, RUNTIME_IMAGE has {found}")
    shrink(root)
    write_bill(root, root / "usr/share/outrider/bill.cdx.json")
    compile_all(root)
    own(root)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
