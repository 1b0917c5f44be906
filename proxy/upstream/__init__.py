"""The road out: connections, pools, the exchange. The only place besides the server that does input and output."""
