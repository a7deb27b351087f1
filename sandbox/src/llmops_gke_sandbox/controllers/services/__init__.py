"""The pods behind each Service."""
