"""Bytes to payloads and back. Standard library only; nothing here knows what a payload means."""
