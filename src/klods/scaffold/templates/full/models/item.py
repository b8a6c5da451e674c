"""Items as rows."""

from datetime import datetime

from sqlalchemy import FetchedValue, func
from sqlalchemy.orm import Mapped, mapped_column

from .base import Base


class Item(Base):
    """An item; the database fills in its platform and its times."""

    __tablename__ = "sample_table_items"

    id: Mapped[int] = mapped_column(primary_key=True)
    platform_id: Mapped[int] = mapped_column(server_default=FetchedValue())
    name: Mapped[str]
    notes: Mapped[str] = mapped_column(default="")
    created_at: Mapped[datetime] = mapped_column(server_default=FetchedValue())
    updated_at: Mapped[datetime] = mapped_column(server_default=FetchedValue(), onupdate=func.now())
    archived_at: Mapped[datetime | None]
