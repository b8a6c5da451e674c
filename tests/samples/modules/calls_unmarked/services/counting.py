"""Some of these may be called, and some would work with the rights of this module."""

from klods.modules.healthy.api import Items, count_items
from klods.modules.healthy.api import Forgotten, forgotten

__all__ = ["Forgotten", "Items", "count_items", "forgotten"]
