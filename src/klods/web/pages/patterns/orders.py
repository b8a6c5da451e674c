"""Orders that nobody placed: what the tables and forms of the pattern page are about."""

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum
from functools import cache
from typing import Annotated

from pydantic import BaseModel, Field, SecretStr, StringConstraints

from klods.web.pages.kit.columns import Column
from klods.web.pages.kit.form import form_of
from klods.web.pages.kit.table import Table

COUNT = 10_000
CUSTOMERS = (
    "Aarhus Havn",
    "Bryggeriet Ørsted",
    "Café Æbler",
    "Dansk Kabel",
    "Elværket",
    "Fjordens Fisk",
    "Gartneri Lund",
)


class Stage(StrEnum):
    """How far an order is."""

    NEW = "new"
    PACKED = "packed"
    SENT = "sent"
    RETURNED = "returned"


@dataclass(frozen=True, slots=True)
class Order:
    """An order."""

    id: int
    number: str
    customer: str
    stage: str
    total: Decimal
    ordered: date
    paid: bool


STAGES = {stage.value: f"patterns.order.stage_{stage}" for stage in Stage}

ORDERS = Table(
    Column("number", "patterns.order.id", finds=True),
    Column("customer", "patterns.order.customer", finds=True),
    Column(
        "stage",
        "patterns.order.stage",
        choices=STAGES,
        tones={"new": "info", "packed": "mild", "sent": "good", "returned": "bad"},
        filters=True,
    ),
    Column("total", "patterns.order.total", kind="number", filters=True),
    Column("ordered", "patterns.order.ordered", kind="date", filters=True),
    Column("paid", "patterns.order.paid", kind="flag", filters=True),
    order="-ordered",
    name="orders",
)


class OrderIn(BaseModel):
    """An order as somebody writes it."""

    customer: Annotated[str, StringConstraints(strip_whitespace=True, min_length=2, max_length=80)]
    stage: Stage = Stage.NEW
    total: Annotated[Decimal, Field(ge=0, le=100_000, decimal_places=2, description="Without VAT")]
    boxes: Annotated[int, Field(ge=1, le=40)] = 1
    deliver_on: date | None = None
    labels: list[str] = []
    note: Annotated[str, StringConstraints(max_length=2_000)] = ""
    key: SecretStr = SecretStr("")
    gift: bool = False


ORDER_FORM = form_of(OrderIn, labels="patterns.order")


@cache
def orders() -> tuple[Order, ...]:
    """Ten thousand of them, the same every day."""
    first = date(2026, 1, 1)
    stages = tuple(Stage)
    return tuple(
        Order(
            number,
            f"A-{number:05}",
            CUSTOMERS[number * 5 % 7],
            stages[number * 7 % 11 % 4],
            Decimal(number * 7919 % 500_000) / 100,
            first + timedelta(days=number * 31 % 320),
            number % 3 > 0,
        )
        for number in range(1, COUNT + 1)
    )
