"""What PostgreSQL cannot store does not come past the edge of the host's routes."""

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from starlette.datastructures import FormData

PLAIN = r"^[^\x00-\x1f\x7f]*$"
"""Text without control characters, which neither a log nor PostgreSQL takes."""

FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")


async def only_storable(request: Request) -> None:
    """A dependency: a form with a NUL in it is not valid; a path with one does not come past the door."""
    if request.headers.get("content-type", "").startswith(FORMS) and (wrong := _unstorable(await request.form())):
        raise RequestValidationError([
            {"type": "string_pattern_mismatch", "loc": ("body", name), "msg": "A text cannot hold a NUL", "input": None}
            for name in wrong
        ])  # fmt: skip


def _unstorable(form: FormData) -> list[str]:
    return [name for name, value in form.multi_items() if "\0" in name or (isinstance(value, str) and "\0" in value)]
