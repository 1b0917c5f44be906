"""Texts that YAML could take for something else, and data made of them, for the tests of what reads and writes manifests."""

from __future__ import annotations

from hypothesis import strategies as st

#: Each is a text to whoever put it in quotes, and a bool, a number, a date or nothing to some parser that sees it plain.
TRICKY = (
    *("yes", "no", "on", "off", "y", "n", "Y", "N", "true", "False", "null", "Null", "~", "", "NO", "On"),
    *(
        "0755",
        "0o755",
        "0x1F",
        "0b1",
        "1e3",
        "1E-3",
        "1.0",
        ".5",
        "5.",
        "08",
        "1_000",
        "-1",
        "+1",
        "12:30:45",
        "1:2",
        "._1",
    ),
    *(
        "2001-01-01",
        "2001-01-01T00:00:00Z",
        ".inf",
        "-.Inf",
        ".nan",
        "=",
        "<<",
        "-",
        "?",
        ":",
        "- a",
        "a: b",
        "a #b",
        "#a",
    ),
    *(
        "*a",
        "&a",
        "!a",
        "!!str a",
        "%a",
        "@a",
        "`a",
        "|",
        ">",
        "[a",
        "{a",
        "a]",
        "a,",
        "'",
        '"',
        "''",
        "\\",
        "---",
        "...",
        "--- a",
    ),
    *(
        " a",
        "a ",
        "\ta",
        "a\t",
        "a\nb",
        "a\n",
        "\na",
        "a\n\n",
        "a \nb",
        " a\nb",
        "\n a\n  b\n",
        "a\r\nb",
        "é",
        "\u2028",
        "\x85",
        "\ufeff",
    ),
    *("\x00", "\x7f", "😀", "a\u00a0b", "1.2.3", "v1", "10Mi", "http://127.0.0.1:11411/v1", "a" * 300, "a b " * 100),
)
TEXTS = st.one_of(
    st.sampled_from(TRICKY), st.text(max_size=8), st.from_regex(r"[-+.0-9a-fxobeE_:]{1,6}", fullmatch=True)
)
SCALARS = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), TEXTS)
DATA = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3), max_leaves=8
)
