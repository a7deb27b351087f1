"""The HTTP side of the API server: paths, who may do what, and how answers are written."""
