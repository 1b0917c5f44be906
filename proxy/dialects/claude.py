"""What Claude understands, whoever serves it: how a generation is read from a model's name, and how it is told to think.

Anthropic's own dialect knows it; a cloud that serves Claude in another dialect asks here.
"""

from proxy.dialects.anthropic.models import BUDGETS, Model, read_model
from proxy.dialects.anthropic.thinking import Thought, parse_thinking, read_effort, render_reasoning, wanted

__all__ = [
    "BUDGETS",
    "Model",
    "Thought",
    "parse_thinking",
    "read_effort",
    "read_model",
    "render_reasoning",
    "wanted",
]
