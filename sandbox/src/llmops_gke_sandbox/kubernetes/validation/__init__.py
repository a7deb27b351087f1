"""What the server refuses, in its own words."""
