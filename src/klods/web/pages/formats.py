"""Numbers, dates and sizes as a language writes them."""

from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from typing import TypeAlias

from babel import dates, numbers

REGIONS = {"en": "en_GB", "da": "da_DK", "ru": "ru_RU"}
"""Europe's English: the day stands before the month."""

UNITS = {"en": ("B", "kB", "MB", "GB", "TB"), "ru": ("Б", "кБ", "МБ", "ГБ", "ТБ")}
"""What bytes are counted in, from one on."""

Number: TypeAlias = int | float | Decimal


@dataclass(frozen=True, slots=True)
class Formats:
    """The ways of one language; templates know it as ``fmt``."""

    locale: str

    @property
    def region(self) -> str:
        """The language with the country whose habits are followed."""
        return REGIONS.get(self.locale, REGIONS["en"])

    def number(self, value: Number, places: int | None = None) -> str:
        """A number with its thousands parted, with all its decimals or with so many."""
        pattern = "#,##0" + ("." + "0" * places if places else "") if places is not None else None
        return str(numbers.format_decimal(value, pattern, self.region, decimal_quantization=places is not None))

    def money(self, value: Number, currency: str = "DKK") -> str:
        """An amount with its currency."""
        # Without the space English writes DKK5.00.
        pattern = "¤\N{NO-BREAK SPACE}#,##0.00" if self.locale == "en" else None
        return str(numbers.format_currency(value, currency, pattern, self.region))

    def percent(self, share: Number) -> str:
        """A share of one, as per cent."""
        return str(numbers.format_percent(share, locale=self.region))

    def day(self, value: date) -> str:
        """A day."""
        return str(dates.format_date(value, "medium", self.region))

    def month(self, value: date) -> str:
        """The name of a day's month, in short."""
        return str(dates.format_date(value, "LLL", self.region))

    def moment(self, value: datetime | time) -> str:
        """A time, with its day if it has one."""
        if isinstance(value, time):
            return value.strftime("%H:%M")
        return f"{self.day(value)} {value:%H:%M}"

    def size(self, count: int) -> str:
        """How large a file is."""
        units = UNITS.get(self.locale, UNITS["en"])
        amount, index = float(count), 0
        while amount >= 1000 and index < len(units) - 1:
            amount, index = amount / 1000, index + 1
        return f"{self.number(round(amount, 1) if index else count)} {units[index]}"
