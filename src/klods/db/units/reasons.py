"""What a driver error says, in one line that is fit for a person."""

import psycopg


def first_line(error: psycopg.Error) -> str:
    """PostgreSQL's own sentence, or the first line of the driver's."""
    return error.diag.message_primary or str(error).partition("\n")[0]
