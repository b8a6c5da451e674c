"""A PostgreSQL server of our own: the wheel's programs, one data folder, any number of processes using it."""
