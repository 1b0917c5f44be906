"""Injection of the sidecar into pods: what is done to a pod (`patch`, pure), and the webhook that serves it."""
