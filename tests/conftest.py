"""What every test may ask for."""

from klods.testing.postgres import empty_database, host_database, host_template, postgres_server

__all__ = ["empty_database", "host_database", "host_template", "postgres_server"]

pytest_plugins = ["support.ci"]
