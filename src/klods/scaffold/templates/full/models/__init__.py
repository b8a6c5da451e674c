"""The tables of Sample Module as classes; `migrations/` makes the tables themselves."""

from .base import Base
from .item import Item

__all__ = ["Base", "Item"]
