"""`ollama serve` on a free port, with a home of its own and no way to the cloud.

Its settings: https://docs.ollama.com/faq and `ollama serve --help`.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from ollama import Client

from tests.real.process import PATIENCE, Process, running
from tests.real.weights import CHAT, CONTEXT, EMBEDDING, chat_model, embedding_model

#: In Go's template language. The last word before the answer is the caller's: it is what chooses the answer.
TEMPLATE = """\
{{- if .Tools }}<|tools|>{{ range .Tools }}{{ . }}{{ end }}{{ end }}
{{- range .Messages }}<|{{ .Role }}|>
{{- if .Thinking }}<think>{{ .Thinking }}</think>{{ end }}{{ .Content }}
{{- if .ToolCalls }}<tool_call>
{{- range .ToolCalls }}{"name": "{{ .Function.Name }}", "arguments": {{ .Function.Arguments }}}{{ end }}</tool_call>
{{- end }}
{{- end }}"""

LISTENING = r"Listening on (127\.0\.0\.1:\d+)"
#: Of its access log: how long it worked on a call.
WORKED = r"\[GIN\] .*\| +([\d.]+)(m?s|µs) \|.* POST +\"{path}\""
SECONDS = {"s": 1.0, "ms": 1e-3, "µs": 1e-6}


class Ollama:
    """A server that has both models; `url` is its address."""

    def __init__(self, program: Process) -> None:
        self.program = program
        self.url = f"http://{program.wait_for(LISTENING)[1]}"

    def worked(self, path: str, patience: float) -> float:
        """Seconds for which it worked on the call that it ends next at `path`. AssertionError when it ends none in `patience`."""
        line = self.program.wait_for(WORKED.format(path=path), patience)
        return float(line[1]) * SECONDS[line[2]]


@contextmanager
def serving(program: Path, folder: Path) -> Iterator[Ollama]:
    """Serve both models from `folder` until the block ends, one call at a time."""
    environment = {
        "HOME": str(folder),
        "OLLAMA_HOST": "127.0.0.1:0",
        "OLLAMA_MODELS": str(folder / "models"),
        "OLLAMA_NUM_PARALLEL": "1",
        "OLLAMA_KEEP_ALIVE": "-1",
        "OLLAMA_NO_CLOUD": "1",
    }
    with running([str(program), "serve"], environment) as process:
        server = Ollama(process)
        load(server.url, folder)
        yield server


def load(url: str, folder: Path) -> None:
    """Have the server know both models. Raises ollama.ResponseError when it does not take one.

    One thread each: more of them wait for one another by going round, and on a busy machine that is most of what they do.
    """
    limits = {"num_ctx": CONTEXT, "num_thread": 1, "temperature": 0.7, "seed": 1}
    with closing(Client(host=url, timeout=PATIENCE)) as client:
        for name, weights, template in ((CHAT, chat_model(), TEMPLATE), (EMBEDDING, embedding_model(), None)):
            file = folder / f"{name}.gguf"
            file.write_bytes(weights)
            client.create(name, files={file.name: client.create_blob(file)}, template=template, parameters=limits)
