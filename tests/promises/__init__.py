"""The promises, each as a test over real sockets: a scripted provider, a bare client, the sidecar between."""
