"""Where our own texts lie, and what real tokenizers count in them."""

from __future__ import annotations

from pathlib import Path

TEXTS = Path(__file__).parent / "texts"
COUNTS = Path(__file__).parent / "counts.json"
