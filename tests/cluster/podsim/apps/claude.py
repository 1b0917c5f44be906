"""Some calls with Anthropic's SDK and nothing but the environment; a line of JSON for each, and 0 where no call failed."""

from __future__ import annotations

import json
import sys
import time
from typing import Any

CALLS = 6


def main() -> int:
    import anthropic

    client = anthropic.Anthropic(max_retries=0, timeout=20)
    for number in range(CALLS):
        usage = streamed(client, number) if number % 2 else whole(client, number)
        line = {
            "at": time.monotonic(),
            "call": number,
            "ok": True,
            "input": usage.input_tokens,
            "output": usage.output_tokens,
        }
        sys.stdout.write(json.dumps(line) + "\n")
        sys.stdout.flush()
    return 0


def asked(number: int) -> dict[str, Any]:
    return {"model": "claude-quick", "max_tokens": 50, "messages": [{"role": "user", "content": f"call {number}"}]}


def whole(client: Any, number: int) -> Any:
    return client.messages.create(**asked(number)).usage


def streamed(client: Any, number: int) -> Any:
    with client.messages.stream(**asked(number)) as stream:
        return stream.get_final_message().usage


if __name__ == "__main__":
    sys.exit(main())
