"""Pods without a kubelet: the containers of a pod's JSON as local processes, in the order and with the timing of KEP-753.

A pod has a network namespace on a bridge, a container its own mount and process namespaces, so that addresses, absolute
paths and process 1 are as in a cluster. No resource limits, no seccomp, no images: what an image holds is in images.py.
"""
