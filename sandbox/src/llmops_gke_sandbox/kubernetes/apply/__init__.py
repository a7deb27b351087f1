"""How a write changes an object, and who owns which of its fields."""
