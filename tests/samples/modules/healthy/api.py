"""What other modules may use."""
