"""What goes in and out of the API; everything from outside is checked here, once."""
