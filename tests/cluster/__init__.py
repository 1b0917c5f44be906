"""The chart, the injector and the policy against a real API server: etcd and kube-apiserver as processes of the test."""
