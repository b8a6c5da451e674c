"""Uses the front door of a module that it requires."""

from klods.modules.healthy import api as healthy

__all__ = ["healthy"]
