"""Port forwarding: connections to a pod's ports, carried in the frames of one connection to the API server."""
