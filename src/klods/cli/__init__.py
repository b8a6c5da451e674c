"""The klods command."""
