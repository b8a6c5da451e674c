"""Pure decisions: no web, no SQL, no input or output beyond reading module folders."""
