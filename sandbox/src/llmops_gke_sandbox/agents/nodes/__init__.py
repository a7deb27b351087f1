"""The machines of node pools."""
