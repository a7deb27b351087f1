"""What becomes of objects when they are written, scaled, evicted and deleted."""
