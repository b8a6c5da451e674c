"""The shapes of the API for personal data and retention."""

from typing import Annotated, Any

from pydantic import Field, StringConstraints

from klods.kernel.personal import LONGEST_ADDRESS
from klods.web.api.module_models import Shape
from klods.web.storable import PLAIN

Address = Annotated[str, StringConstraints(min_length=1, max_length=LONGEST_ADDRESS, pattern=PLAIN)]
Everywhere = Annotated[bool, Field(description="on all platforms; for accounts that are for all of them")]
Code = Annotated[str, Field(description="the module's code; `klods` is the hub itself")]
OfPlatform = Annotated[str, Field(description="the platform's code; empty for what belongs to no single one")]


class PersonIn(Shape):
    """Whom it is about."""

    email: Address
    everywhere: Everywhere = False


class EraseIn(PersonIn):
    """Whom it is about, and whether it is meant."""

    dry_run: Annotated[bool, Field(description="only say what would be erased")] = True


class RetentionIn(Shape):
    """Whether it is meant."""

    dry_run: Annotated[bool, Field(description="only say what is due")] = True


class ReasonOut(Shape):
    """Why there is no answer, and what to do about it."""

    error: str
    message: str
    hint: str


Problem = Annotated[ReasonOut | None, Field(description="why nothing was exported or erased there; null when it was")]


class HeldOut(Shape):
    """What one module holds on one platform."""

    module: Code
    name: str
    platform: OfPlatform
    data: Annotated[dict[str, list[dict[str, Any]]], Field(description="rows by what they are")]
    problem: Problem


class ExportOut(Shape):
    """Everything that is held about somebody."""

    email: str
    complete: Annotated[bool, Field(description="whether everybody answered")]
    sections: list[HeldOut]


class CountsOut(Shape):
    """Rows of one table."""

    inserted: int
    updated: int
    deleted: int


class KeptOut(Shape):
    """What an erasure leaves."""

    what: str
    rows: int
    why: str


class ErasedOut(Shape):
    """What was erased, or would be, in one module on one platform."""

    module: Code
    name: str
    platform: OfPlatform
    changes: Annotated[dict[str, CountsOut], Field(description="by table")]
    kept: list[KeptOut]
    problem: Problem


class ErasureOut(Shape):
    """What was erased about somebody, or would be."""

    email: str
    dry_run: bool
    complete: Annotated[bool, Field(description="whether it was erased everywhere")]
    sections: list[ErasedOut]


class DueOut(Shape):
    """One retention rule on one platform."""

    module: Code
    name: str
    platform: OfPlatform
    table: str
    column: str
    days: int
    clear: Annotated[list[str], Field(description="the columns that are emptied; none when rows are deleted")]
    why: str
    rows: Annotated[int, Field(description="how many are due, or were deleted or emptied")]
    problem: Problem
