"""PostgreSQL, and only here."""
