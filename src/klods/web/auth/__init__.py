"""Who is asking: passwords, sessions, API tokens and one-time links."""
