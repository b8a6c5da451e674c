"""Small charts as SVG: bars, lines and sparklines, with the numbers as a table for who cannot see them."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeAlias

from klods.web.pages.formats import Number

Point: TypeAlias = tuple[str, Number]

KINDS = ("bars", "line", "spark")
SHAPES = {"bars": (640, 240), "line": (640, 240), "spark": (120, 32)}
"""Width and height of the drawing; the page scales it."""

MOST_POINTS = 366
LABELS = 12
"""How many names stand below a chart; of more points every second or third is named."""

LARGEST, SMALLEST_SPAN = 1e100, 1e-100
"""Beyond these, numbers of a computer cannot be parted into steps."""

LEFT, RIGHT, TOP, BOTTOM = 56, 8, 12, 28
GAP = 0.35
THICKEST = 56.0


@dataclass(frozen=True, slots=True)
class Bar:
    """A bar of a chart."""

    x: float
    y: float
    width: float
    height: float
    label: str
    value: Number


@dataclass(frozen=True, slots=True)
class Mark:
    """A place along an edge of a chart, and what is written there."""

    at: float
    value: Number
    text: str = ""


class Chart:
    """A chart of named values; raise ValueError for kinds and values that cannot be drawn."""

    def __init__(self, kind: str, title: str, points: Iterable[Point], *, unit: str = "") -> None:
        self.kind, self.title, self.points, self.unit = kind, title, tuple(points), unit
        if kind not in KINDS:
            message = f"{kind!r} is no kind of chart; there are {', '.join(KINDS)}"
            raise ValueError(message)
        if len(self.points) > MOST_POINTS:
            message = (
                f"a chart has at most {MOST_POINTS} points, and {title!r} has {len(self.points)}: draw weeks or months"
            )
            raise ValueError(message)
        if not all(abs(float(value)) < LARGEST for _, value in self.points):
            message = f"the chart {title!r} has a value that is no number, or none that can be drawn"
            raise ValueError(message)
        self.width, self.height = SHAPES[kind]

    @property
    def ticks(self) -> list[Mark]:
        """Round numbers along the left edge, the lowest first."""
        low, high, step = self._scale
        count = round((high - low) / step)
        return [Mark(self._y(low + step * index), round(low + step * index, 10)) for index in range(count + 1)]

    @property
    def names(self) -> list[Mark]:
        """What stands below the chart."""
        every = -(-len(self.points) // LABELS)
        return [
            Mark(self._x(index), value, label) for index, (label, value) in enumerate(self.points) if index % every == 0
        ]

    @property
    def bars(self) -> list[Bar]:
        """The bars, which begin at zero."""
        width = min(self._slot * (1 - GAP), THICKEST)
        base = self._y(0)
        return [
            Bar(round(self._x(index) - width / 2, 2), min(base, top), round(width, 2), abs(base - top), label, value)
            for index, (label, value) in enumerate(self.points)
            for top in (self._y(value),)
        ]

    @property
    def dots(self) -> list[tuple[float, float, str, Number]]:
        """Where the points of a line lie."""
        return [(self._x(index), self._y(value), label, value) for index, (label, value) in enumerate(self.points)]

    @property
    def path(self) -> str:
        """The line, as the SVG attribute ``points``."""
        return " ".join(f"{x:g},{y:g}" for x, y, _, _ in self.dots)

    @property
    def area(self) -> str:
        """What lies between the line and the zero line, as the SVG attribute ``points``."""
        base = self._y(max(self._scale[0], 0))
        return f"{self._x(0):g},{base:g} {self.path} {self._x(len(self.points) - 1):g},{base:g}"

    @property
    def base(self) -> float:
        """Where zero lies."""
        return self._y(0)

    @property
    def _is_spark(self) -> bool:
        return self.kind == "spark"

    @property
    def _scale(self) -> tuple[float, float, float]:
        """The lowest and the highest number of the left edge, and the step between its marks."""
        values = [float(value) for _, value in self.points] or [0.0]
        if self._is_spark:
            return min(values), max(values), (max(values) - min(values)) or 1.0
        return rounded_scale(min(0.0, *values), max(0.0, *values))

    @property
    def _frame(self) -> tuple[float, float, float, float]:
        """Left, right, top and bottom of where the values are drawn."""
        if self._is_spark:
            return 2, self.width - 2, 3, self.height - 3
        return LEFT, self.width - RIGHT, TOP, self.height - BOTTOM

    @property
    def _slot(self) -> float:
        left, right, _, _ = self._frame
        return (right - left) / max(1, len(self.points))

    def _x(self, index: int) -> float:
        left, right, _, _ = self._frame
        if self._is_spark:
            return round(left + (right - left) * index / max(1, len(self.points) - 1), 2)
        return round(left + self._slot * (index + 0.5), 2)

    def _y(self, value: Number) -> float:
        low, high, _ = self._scale
        _, _, top, bottom = self._frame
        share = (float(value) - low) / (high - low) if high > low else 0.5
        return round(bottom - share * (bottom - top), 2)


def rounded_scale(low: float, high: float, steps: int = 4) -> tuple[float, float, float]:
    """Round numbers that hold both, and a step of one, two or five times a power of ten."""
    high = high if high - low > SMALLEST_SPAN else low + 1.0
    rough = (high - low) / steps
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * factor for factor in (1, 2, 5, 10) if power * factor >= rough * (1 - 1e-9))
    return math.floor(low / step + 1e-9) * step, math.ceil(high / step - 1e-9) * step, step
