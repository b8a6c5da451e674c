"""A role for each module, so that PostgreSQL itself keeps it out of the host's tables and of other modules'."""
