"""The weights of proxy/estimate/text.py, fitted to what real tokenizers count: least squares of the relative error, none below 0.

A class weighs the same however many pieces it has; what is sent to models every day weighs more. Only every other piece is used:
the table is made of the rest.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from operator import mul

from proxy.estimate.text import ASCII, FEATURES, features

#: Class -> how much it counts, 1 where absent.
EVERYDAY: Mapping[str, float] = {
    **dict.fromkeys(("English", "Markdown", "Python", "JavaScript", "JSON"), 4.0),
    "JSON, indented": 3.0,
    "C": 2.0,
    **dict.fromkeys(("sequences", "base64", "hexadecimal", "numbers"), 0.5),
}
ROUNDS = 300
#: A limit that is passed costs more than one that is met early: what is estimated too low weighs this much more, squared.
TOO_SMALL, TIMES = 1.5, 4
#: Where the corpus has too little of something to tell, a character of it has this many tokens, and this is how sure that is.
GUESS, SURE = 0.6, 0.003
Counted = Mapping[str, Sequence[tuple[str, Mapping[str, int]]]]

#: Family -> the tokenizers that it goes by, their mean where there are several.
BASES: Mapping[str, tuple[str, ...]] = {
    "": ("o200k_base", "deepseek v3", "mistral tekken", "gemma 3", "llama 3.1", "qwen 3"),
    "openai": ("o200k_base",),
    "openai before 4o": ("cl100k_base",),
    "claude": ("claude 2",),
    "gemini": ("gemma 3",),
    "mistral": ("mistral tekken",),
    "llama": ("llama 3.1",),
    "qwen": ("qwen 3",),
    "deepseek": ("deepseek v3",),
}


def fit(counted: Counted, tokenizers: Sequence[str]) -> list[float]:
    """Weights by FEATURES. What comes out too small is then weighed more, a few times over."""
    rows, right = rows_of(counted, tokenizers)
    weights = solved(rows, right)
    for _ in range(TIMES):
        scale = [
            TOO_SMALL if sum(map(mul, row, weights)) < goal else 1.0 for row, goal in zip(rows, right, strict=True)
        ]
        weighed = [[times * each for each in row] for times, row in zip(scale, rows, strict=True)]
        weights = solved(weighed, list(map(mul, scale, right)))
    return [round(weight, 3) for weight in weights]


def solved(rows: Sequence[Sequence[float]], right: Sequence[float]) -> list[float]:
    """Coordinate descent, which ends at the least error as the problem is convex."""
    size = range(len(FEATURES))
    gram = [[sum([row[i] * row[j] for row in rows]) for j in size] for i in size]
    aim = [sum([row[i] * goal for row, goal in zip(rows, right, strict=True)]) for i in size]
    for i in size[len(ASCII) : -2]:
        gram[i][i] += SURE
        aim[i] += SURE * GUESS
    weights = [0.0 for _ in size]
    for _ in range(ROUNDS):
        for i in size:
            if gram[i][i]:
                slope = aim[i] - sum(map(mul, gram[i], weights))
                weights[i] = max(0.0, weights[i] + slope / gram[i][i])
    return weights


def rows_of(counted: Counted, tokenizers: Sequence[str]) -> tuple[list[list[float]], list[float]]:
    """For each piece its features over its tokens, which should come to 1."""
    rows, right = [], []
    for name, pieces in counted.items():
        used = pieces[::2]
        share = (EVERYDAY.get(name, 1.0) / len(used)) ** 0.5
        for text, counts in used:
            tokens = sum(counts[each] for each in tokenizers) / len(tokenizers)
            found = features(text)
            found += [0] * (len(FEATURES) - len(found))
            rows.append([share * feature / tokens for feature in found])
            right.append(share)
    return rows, right


HEAD = '''"""Weights of what a text has (text.py), by family. Written by `make tokens ARGS=--write`: not by hand.

The order is that of FEATURES there; the first twelve are those of any text. "" is for a tokenizer that nobody knows.
"""

FAMILIES: dict[str, tuple[float, ...]] = {
'''


def source_of(fitted: Mapping[str, Sequence[float]]) -> str:
    """What weights.py is."""
    lines = [HEAD]
    for family, weights in fitted.items():
        shown = [format(weight, "g") for weight in weights]
        first, second, third = shown[: len(ASCII)], shown[len(ASCII) : len(ASCII) + 10], shown[len(ASCII) + 10 :]
        lines.append(f'    "{family}": (\n')
        lines += [f"        *({', '.join(part)}),\n" for part in (first, second, third)]
        lines.append("    ),\n")
    return "".join([*lines, "}\n"])
