"""What Sample Module knows and does, and its API."""
