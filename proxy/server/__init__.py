"""The road in: the data port that applications call, the ops port for kubelet, Prometheus and the operator.

It knows no policy.
"""
