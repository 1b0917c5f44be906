"""The sidecar before real inference servers, behind `make test-real`: docs/testing.md says what that needs.

The servers are Ollama and llama.cpp as they are published, built on the spot. Only their weights are ours: weights.py says
how they answer.
"""
