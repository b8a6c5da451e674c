"""Rules that a module's files must keep, read without running or importing any of them."""
