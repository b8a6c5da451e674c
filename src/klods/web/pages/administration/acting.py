"""What a form of these pages does: the deed and the way on, or the page again with what forbids it."""

from collections.abc import Callable

from starlette.responses import Response

from klods.errors import KlodsError
from klods.web.pages.rendering import redirect


def carry_out(
    act: Callable[[], object], show: Callable[[KlodsError], Response], to: str, *, said: str, name: str
) -> Response:
    """Do it and go on with a message; whatever forbids it is shown where it was asked for."""
    try:
        act()
    except KlodsError as error:
        return show(error)
    return redirect(to, toast=f"toast.{said}", name=name)
