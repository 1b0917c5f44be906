"""A Llama of two layers whose weights are drawn by lot, and then bent so that it answers as vocabulary.py says.

Embeddings are random, hence nearly at right angles to each other; the output matrix has, in the row of a token, the
embeddings of the tokens it follows. What the layers add is random too and too small to change the next token.
The names of metadata and tensors: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md.
"""

from __future__ import annotations

from array import array
from collections.abc import Mapping
from random import Random

from tests.real.gguf import Tensor, Value, written
from tests.real.vocabulary import END, MERGE, successors, tokens

CHAT = "tiny-chat"
EMBEDDING = "tiny-embedding"

SEED = 20240607
LAYERS = 2
WIDTH = 64
FEED_FORWARD = 128
HEADS = 4
#: In tokens, a prompt and its answer.
CONTEXT = 2048

#: How far the logit of the next token stands above the others: enough that sampling at temperature 1 does not miss it.
SHARPNESS = 0.6
#: What the layers add to what they were given.
MURMUR = 0.02
#: In metadata: the embedding of a text is the mean over its tokens.
MEAN = 1


def chat_model() -> bytes:
    """The file of the model that answers."""
    return written(metadata("tiny chat"), tensors())


def embedding_model() -> bytes:
    """The file of the same model as one that gives embeddings."""
    return written(metadata("tiny embedding") | {"llama.pooling_type": MEAN}, tensors())


def metadata(name: str) -> dict[str, Value]:
    vocabulary = tokens()
    end = [token.spelling for token in vocabulary].index(END)
    return {
        "general.architecture": "llama",
        "general.name": name,
        "general.file_type": 0,
        "llama.vocab_size": len(vocabulary),
        "llama.context_length": CONTEXT,
        "llama.embedding_length": WIDTH,
        "llama.block_count": LAYERS,
        "llama.feed_forward_length": FEED_FORWARD,
        "llama.attention.head_count": HEADS,
        "llama.attention.head_count_kv": HEADS,
        "llama.attention.layer_norm_rms_epsilon": 1e-5,
        "llama.rope.dimension_count": WIDTH // HEADS,
        "tokenizer.ggml.model": "gpt2",
        # The one whose words need no merges: https://github.com/ggml-org/llama.cpp/pull/6920.
        "tokenizer.ggml.pre": "llama-bpe",
        "tokenizer.ggml.tokens": [token.spelling for token in vocabulary],
        "tokenizer.ggml.token_type": [token.kind for token in vocabulary],
        "tokenizer.ggml.merges": [MERGE],
        "tokenizer.ggml.bos_token_id": end,
        "tokenizer.ggml.eos_token_id": end,
        "tokenizer.ggml.add_bos_token": False,
    }


def tensors() -> dict[str, Tensor]:
    dice = Random(SEED)
    embeddings = [drawn(dice, WIDTH, 1.0) for _ in tokens()]
    found = {
        "token_embd.weight": matrix(embeddings),
        "output_norm.weight": ones(),
        "output.weight": matrix(following(embeddings)),
    }
    for layer in range(LAYERS):
        found |= {f"blk.{layer}.{name}.weight": tensor for name, tensor in block(dice).items()}
    return found


def block(dice: Random) -> Mapping[str, Tensor]:
    """One layer; rows x columns of a matrix are its outputs x inputs."""
    even = WIDTH**-0.5
    sizes = {
        "attn_q": (WIDTH, WIDTH, even),
        "attn_k": (WIDTH, WIDTH, even),
        "attn_v": (WIDTH, WIDTH, even),
        "attn_output": (WIDTH, WIDTH, MURMUR),
        "ffn_gate": (FEED_FORWARD, WIDTH, even),
        "ffn_up": (FEED_FORWARD, WIDTH, even),
        "ffn_down": (WIDTH, FEED_FORWARD, MURMUR),
    }
    drawn_ = {
        name: matrix([drawn(dice, columns, spread) for _ in range(rows)])
        for name, (rows, columns, spread) in sizes.items()
    }
    return {"attn_norm": ones(), "ffn_norm": ones(), **drawn_}


def following(embeddings: list[array[float]]) -> list[array[float]]:
    """The rows of the output matrix."""
    numbers = {token.spelling: number for number, token in enumerate(tokens())}
    rows = [array("f", [0.0] * WIDTH) for _ in embeddings]
    for word, next_ in successors().items():
        row, embedding = rows[numbers[next_]], embeddings[numbers[word]]
        for column in range(WIDTH):
            row[column] += SHARPNESS * embedding[column]
    return rows


def drawn(dice: Random, length: int, spread: float) -> array[float]:
    return array("f", [dice.gauss(0.0, spread) for _ in range(length)])


def ones() -> Tensor:
    return Tensor((WIDTH,), array("f", [1.0] * WIDTH))


def matrix(rows: list[array[float]]) -> Tensor:
    values = array("f")
    for row in rows:
        values.extend(row)
    return Tensor((len(rows[0]), len(rows)), values)
