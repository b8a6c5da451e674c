"""For module authors: pytest fixtures and in-memory twins of the ports."""
