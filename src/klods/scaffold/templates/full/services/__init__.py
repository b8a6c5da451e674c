"""What Sample Module does; nothing here knows about HTTP."""
