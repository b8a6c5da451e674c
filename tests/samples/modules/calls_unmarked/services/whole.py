"""The same through the file as a whole, under a name of its own."""

import klods.modules.healthy.api as door
from klods.modules.healthy import api as healthy


def count() -> int:
    return len(str(healthy.count_items())) + len(str(healthy.forgotten()))


def forget() -> object:
    return door.Forgotten
