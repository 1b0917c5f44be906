"""Texts to count, by class, from what lies on the machine: this repository, the library and the translations of the system.

Nothing is fetched. A class that a machine has no texts of is missing from the result. The same machine gives the same pieces.
"""

from __future__ import annotations

import ast
import gettext
import gzip
import json
import re
import sysconfig
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from random import Random
from uuid import UUID

ROOT = Path(__file__).parents[2]
LIBRARY = Path(sysconfig.get_path("stdlib"))
LOCALES = Path("/usr/share/locale")
MANUALS = Path("/usr/share/man")
MARKUP = re.compile(r"\\f.|\\[^(\[]")
#: Characters in a piece, and pieces in a class.
LENGTH = 1500
PIECES = 60
#: Shorter translations are words of menus.
SENTENCE = 50
LANGUAGES: Mapping[str, str] = {
    "German": "de",
    "French": "fr",
    "Spanish": "es",
    "Polish": "pl",
    "Turkish": "tr",
    "Vietnamese": "vi",
    "Russian": "ru",
    "Ukrainian": "uk",
    "Greek": "el",
    "Hebrew": "he",
    "Arabic": "ar",
    "Hindi": "hi",
    "Bengali": "bn",
    "Tamil": "ta",
    "Thai": "th",
    "Georgian": "ka",
    "Chinese": "zh_CN",
    "Chinese, traditional": "zh_TW",
    "Japanese": "ja",
    "Korean": "ko",
}
EMOJI = "😀😂🥲😍🤔👍🙏🔥✨🎉🚀✅❌⚠️❤️👩‍💻🇪🇺👨‍👩‍👧🌍🐍💡📦🧪🍕"


def classes() -> dict[str, list[str]]:
    """Class -> its pieces, in an order that says nothing of where they come from."""
    found = {name: cut(name, texts()) for name, texts in SOURCES.items()}
    return {name: pieces for name, pieces in found.items() if len(pieces) >= 10}


def cut(name: str, texts: Iterator[str]) -> list[str]:
    """Pieces of one class: beginnings of texts and what stands in the middle of them."""
    dice = Random(name)
    pieces = []
    for text in texts:
        starts = range(0, max(1, len(text) - LENGTH // 2), LENGTH)
        pieces += [text[start : start + LENGTH] for start in dice.sample(starts, min(3, len(starts)))]
    dice.shuffle(pieces)
    return [piece for piece in pieces if len(piece) > LENGTH // 3][:PIECES]


# ---- what lies there


def files(folder: Path, *patterns: str) -> Iterator[str]:
    listed = sorted(path for pattern in patterns for path in folder.rglob(pattern) if path.is_file())
    for path in Random(str(patterns)).sample(listed, min(len(listed), 4 * PIECES)):
        yield path.read_text("utf-8", "ignore")


def library() -> Iterator[str]:
    return files(LIBRARY, "[a-z]*.py")


def docstrings() -> Iterator[str]:
    """English as programmers write it, and licences."""
    yield from files(Path("/usr/share/common-licenses"), "*")
    yield from manual("man1")
    for source in library():
        said = [ast.get_docstring(node) for node in ast.walk(ast.parse(source)) if isinstance(node, DOCUMENTED)]
        yield "\n\n".join(text for text in said if text and len(text) > SENTENCE)


DOCUMENTED = ast.Module | ast.ClassDef | ast.FunctionDef


def markdown() -> Iterator[str]:
    yield from files(ROOT, "docs/*.md", "README.md", "tests/node/node_modules/**/README.md")


def scripts() -> Iterator[str]:
    yield from files(ROOT, "tests/node/node_modules/**/*.js", "tests/node/node_modules/**/*.ts")


def c_headers() -> Iterator[str]:
    yield from files(Path("/usr/include"), "*.h")


def recordings() -> Iterator[Json]:
    for text in files(ROOT.parent / "shared" / "wire", "*.json"):
        yield json.loads(text)


def compact_json() -> Iterator[str]:
    for recorded in recordings():
        yield json.dumps(recorded, separators=(",", ":"), ensure_ascii=False)


def indented_json() -> Iterator[str]:
    for recorded in recordings():
        yield json.dumps(recorded, indent=2)


def translated(language: str) -> Callable[[], Iterator[str]]:
    """What programs say in a language, sentence by sentence, and its manual pages."""

    def texts() -> Iterator[str]:
        yield from manual(language)
        for path in sorted((LOCALES / language / "LC_MESSAGES").glob("*.mo")):
            said = [text for key, text in catalog(path).items() if key and isinstance(text, str) and text != key]
            yield " ".join(text for text in said if len(text.encode()) > SENTENCE)

    return texts


def manual(language: str) -> Iterator[str]:
    """The prose of manual pages: lines that are no commands, without what sets them in bold."""
    listed = sorted((MANUALS / language).rglob("*.gz"))
    for path in Random(language).sample(listed, min(len(listed), PIECES // 2)):
        lines = gzip.decompress(path.read_bytes()).decode("utf-8", "ignore").splitlines()
        lines = [line for line in lines if "\\(" not in line and "\\[" not in line]
        said = [MARKUP.sub("", line) for line in lines if line[:1] not in (".", "'")]
        yield " ".join(line for line in said if len(line) > SENTENCE // 2)


def catalog(path: Path) -> Mapping[object, object]:
    """What a file of translations says, by what it translates; old ones are not all in the encoding they name."""
    with path.open("rb") as file:
        try:
            return gettext.GNUTranslations(file)._catalog  # type: ignore[attr-defined, no-any-return]
        except UnicodeDecodeError:
            return {}


# ---- what is made


def made(write: Callable[[Random], str]) -> Callable[[], Iterator[str]]:
    def texts() -> Iterator[str]:
        dice = Random(write.__name__)
        for _ in range(PIECES):
            yield write(dice)

    return texts


def identifiers(dice: Random) -> str:
    lines = (f"{UUID(int=dice.getrandbits(128))} {dice.getrandbits(160):040x}" for _ in range(20))
    return "\n".join(lines)[:LENGTH]


def base64(dice: Random) -> str:
    return b64encode(dice.randbytes(LENGTH * 3 // 4)).decode()


def figures(dice: Random) -> str:
    rows = (
        f"{dice.randint(1, 9999)},{dice.uniform(-50, 5000):.2f},{dice.randint(1990, 2030)}-{dice.randint(1, 12):02}-"
        f"{dice.randint(1, 28):02},{dice.choice(['EUR', 'USD', 'north', 'south'])},{dice.random():.4f}"
        for _ in range(60)
    )
    return "\n".join(rows)[:LENGTH]


def numbers(dice: Random) -> str:
    return " ".join(str(dice.randrange(10 ** dice.randint(1, 24))) for _ in range(200))[:LENGTH]


def sequences(dice: Random) -> str:
    """Letters that are no words: what a table of words knows least about."""
    letters = dice.choice(["ACGT", "ACDEFGHIKLMNPQRSTVWY", "abcdefghijklmnopqrstuvwxyz"])
    return "\n".join("".join(dice.choices(letters, k=70)) for _ in range(30))[:LENGTH]


def log_lines(dice: Random) -> str:
    return "\n".join(log_line(dice) for _ in range(15))[:LENGTH]


def log_line(dice: Random) -> str:
    day = f"2026-{dice.randint(1, 12):02}-{dice.randint(1, 28):02}"
    time = f"{dice.randint(0, 23):02}:{dice.randint(0, 59):02}:07.{dice.randint(0, 999):03}Z"
    who = f"{dice.choice(['INFO', 'WARN', 'ERROR'])} [worker-{dice.randint(1, 9)}]"
    where = f"10.0.{dice.randint(0, 255)}.{dice.randint(1, 254)}"
    what = f'"GET /v1/items/{dice.randint(1, 10**6)}?page={dice.randint(1, 40)}" {dice.choice([200, 404, 500])}'
    return f"{day}T{time} {who} {where} {what} {dice.random():.3f}s id={dice.getrandbits(64):x}"


def chatter(dice: Random) -> str:
    """Short messages, every few words an emoji."""
    marks = EMOJI.replace("‍", "").replace("️", "")
    said = (f"{dice.choice(SAID)} {dice.choice(marks) * dice.randint(1, 2)}" for _ in range(60))
    return " ".join(said)[:LENGTH]


SAID = (
    *("thanks so much", "see you tomorrow at 9", "lol", "that is great news", "omg", "on my way", "happy birthday!!"),
    *("shipped it", "the build is broken again", "who wants pizza?", "no worries", "can't wait", "good morning"),
)

Json = dict[str, object]
SOURCES: Mapping[str, Callable[[], Iterator[str]]] = {
    "English": docstrings,
    "Markdown": markdown,
    "Python": library,
    "JavaScript": scripts,
    "C": c_headers,
    "JSON": compact_json,
    "JSON, indented": indented_json,
    **{name: translated(language) for name, language in LANGUAGES.items()},
    "emoji": made(chatter),
    "figures": made(figures),
    "numbers": made(numbers),
    "sequences": made(sequences),
    "log lines": made(log_lines),
    "hexadecimal": made(identifiers),
    "base64": made(base64),
}
