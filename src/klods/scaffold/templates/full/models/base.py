"""What all tables of this module share."""

from sqlalchemy.orm import DeclarativeBase


class Base(DeclarativeBase):
    """The tables of Sample Module; no table of another module is among them."""
