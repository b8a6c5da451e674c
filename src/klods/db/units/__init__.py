"""One transaction on one connection, seen by the helpers and by SQLAlchemy at once."""
