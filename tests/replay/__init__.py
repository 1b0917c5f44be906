"""Recorded traffic through the whole sidecar, over sockets."""
