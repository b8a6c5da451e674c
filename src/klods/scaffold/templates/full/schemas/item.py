"""Items as the API takes and gives them."""

from datetime import datetime
from typing import Annotated

from fastapi import Path, Query
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

LARGEST_ID = 2**31 - 1

# PostgreSQL cannot store the NUL character, so it is refused here rather than there.
NO_NUL = r"^[^\x00]*$"

Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200, pattern=NO_NUL)]
Notes = Annotated[str, StringConstraints(max_length=10_000, pattern=NO_NUL)]

ItemId = Annotated[int, Path(ge=1, le=LARGEST_ID)]
Search = Annotated[str, Query(max_length=200, pattern=NO_NUL, description="Part of a name")]
PageNumber = Annotated[int, Query(ge=1, le=1_000_000)]
PageSize = Annotated[int | None, Query(ge=1, le=200, description="The module's configuration decides when left out")]


class ItemIn(BaseModel):
    """An item as somebody writes it."""

    model_config = ConfigDict(json_schema_extra={"example": {"name": "First", "notes": ""}})

    name: Name
    notes: Notes = ""


class ItemOut(BaseModel):
    """An item as it is stored."""

    model_config = ConfigDict(from_attributes=True)

    id: int
    name: str
    notes: str
    created_at: datetime
    updated_at: datetime
    archived_at: datetime | None


class ItemPage(BaseModel):
    """One page of a list, and how many items there are in all."""

    items: list[ItemOut]
    total: int = Field(ge=0)
    page: int
    per_page: int

    @property
    def pages(self) -> int:
        """How many pages there are; an empty list has one."""
        return max(1, -(-self.total // self.per_page))


class Statistics(BaseModel):
    """How many items there are."""

    active: int
    archived: int
