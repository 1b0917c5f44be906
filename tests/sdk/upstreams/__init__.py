"""Servers that stand where a provider would: real sockets, and each wire as its documentation has it."""
