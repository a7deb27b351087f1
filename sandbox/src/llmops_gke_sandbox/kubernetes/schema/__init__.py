"""What kinds there are, and what is known of their fields."""
