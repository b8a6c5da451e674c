"""The host's ports to the world outside the database."""
