"""The host's own tables, migrated as pseudo-module `klods`."""
