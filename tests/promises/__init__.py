"""The promises, each as a test over real sockets: a scripted provider on one side, a bare client on the other, the sidecar between."""
