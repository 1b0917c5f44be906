"""How wrong proxy/estimate.py is: a corpus, real tokenizers, and the table that docs/tokens.md shows."""
