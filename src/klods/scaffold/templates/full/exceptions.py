"""What can go wrong in this module, by name; the docstring is the sentence that people read."""

from klods.errors import NotFound


class ItemNotFound(NotFound):
    """There is no item {item_id}."""
