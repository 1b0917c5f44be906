"""`llama-server`, llama.cpp's own, on a free port: one process for one model.

Its settings: https://github.com/ggml-org/llama.cpp/blob/master/tools/server/README.md.
"""

from __future__ import annotations

import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.real.process import PATIENCE, Process, running
from tests.real.weights import CHAT, CONTEXT, EMBEDDING, chat_model, embedding_model

#: Jinja. The last word before the answer is the caller's: it is what chooses the answer.
TEMPLATE = """\
{%- if tools %}<|tools|>{% for tool in tools %}{{ tool | tojson }}{% endfor %}{% endif %}
{%- for message in messages %}<|{{ message.role }}|>
{%- if message.reasoning_content %}<think>{{ message.reasoning_content }}</think>{% endif %}
{%- if message.content %}{{ message.content }}{% endif %}
{%- for call in message.tool_calls or [] -%}
<tool_call>{"name": "{{ call.function.name }}", "arguments": {{ call.function.arguments | tojson }}}</tool_call>
{%- endfor %}
{%- endfor %}"""

LISTENING = r"listening on (http://127\.0\.0\.1:\d+)"
#: A text to embed has to fit into one batch. A context that moves on is one that an answer never fills.
SETTINGS = (
    "--ctx-size",
    str(CONTEXT),
    "--batch-size",
    str(CONTEXT),
    "--ubatch-size",
    str(CONTEXT),
    "--parallel",
    "1",
    "--threads",
    "1",
    "--context-shift",
)
SURROUNDINGS = ("--host", "127.0.0.1", "--port", "0", "--offline", "--no-warmup", "--metrics")


class LlamaServer:
    """A server that has one model; `url` is its address."""

    def __init__(self, program: Process) -> None:
        self.program = program
        self.url = program.wait_for(LISTENING)[1]

    def metric(self, name: str) -> float:
        with urllib.request.urlopen(f"{self.url}/metrics", timeout=PATIENCE) as page:
            lines = page.read().decode().splitlines()
        [found] = [line for line in lines if line.startswith(f"llamacpp:{name} ")]
        return float(found.rpartition(" ")[2])


@contextmanager
def serving_chat(program: Path, folder: Path) -> Iterator[LlamaServer]:
    template = folder / "template.jinja"
    template.write_text(TEMPLATE, "utf-8")
    wanted = ("--alias", CHAT, "--jinja", "--chat-template-file", str(template), "--temp", "0.7", "--seed", "1")
    with serving(program, folder / "chat.gguf", chat_model(), wanted) as server:
        yield server


@contextmanager
def serving_embeddings(program: Path, folder: Path) -> Iterator[LlamaServer]:
    with serving(
        program, folder / "embedding.gguf", embedding_model(), ("--alias", EMBEDDING, "--embeddings")
    ) as server:
        yield server


@contextmanager
def serving(program: Path, file: Path, weights: bytes, wanted: Sequence[str]) -> Iterator[LlamaServer]:
    file.write_bytes(weights)
    command = [str(program), "--model", str(file), *SETTINGS, *SURROUNDINGS, *wanted]
    with running(command, {"HOME": str(file.parent)}) as process:
        yield LlamaServer(process)
