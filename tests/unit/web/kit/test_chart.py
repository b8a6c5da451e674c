import math

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as some

from klods.web.pages.kit.chart import Chart, rounded_scale

numbers = some.floats(-1e9, 1e9) | some.integers(-1000, 1000)


@settings(max_examples=50, deadline=None)
@given(some.sampled_from(["bars", "line", "spark"]), some.lists(numbers, min_size=1, max_size=40))
def test_whatever_is_drawn_lies_inside_the_picture(kind, values):
    chart = Chart(kind, "x", [(str(place), value) for place, value in enumerate(values)])
    dots = chart.dots
    assert all(0 <= x <= chart.width and 0 <= y <= chart.height for x, y, _, _ in dots)
    # A spark has no zero line to draw bars from, and none are drawn.
    assert kind == "spark" or all(bar.height >= 0 and bar.y >= 0 for bar in chart.bars)


@settings(max_examples=50, deadline=None)
@given(numbers, numbers)
@example(0, 5e-324)
def test_the_scale_holds_both_ends_in_few_round_steps(one, other):
    low, high = min(0, one, other), max(0, one, other)
    bottom, top, step = rounded_scale(low, high)
    assert bottom <= low + step * 1e-6
    assert top >= high - step * 1e-6
    assert 1 <= round((top - bottom) / step) <= 7


def test_bars_stand_on_zero_and_hang_from_it():
    up, down = Chart("bars", "x", [("a", 10), ("b", -10)]).bars
    assert up.y + up.height == pytest.approx(down.y)


def test_the_ticks_are_round_numbers():
    assert [tick.value for tick in Chart("bars", "x", [("a", 390)]).ticks] == [0, 100, 200, 300, 400]


def test_of_many_points_some_are_named():
    assert len(Chart("line", "x", [(str(day), day) for day in range(100)]).names) <= 12


def test_values_that_are_all_alike_can_be_drawn():
    assert Chart("spark", "x", [("a", 5), ("b", 5)]).path


@pytest.mark.parametrize(
    ("kind", "points", "reason"),
    [
        ("pie", [("a", 1)], "no kind of chart"),
        ("bars", [("a", math.nan)], "no number"),
        ("bars", [("a", -math.inf)], "no number"),
        ("spark", [("a", 1e308)], "no number"),
        ("line", [("a", 1)] * 367, "weeks or months"),
    ],
)
def test_what_cannot_be_drawn_is_refused_with_the_reason(kind, points, reason):
    with pytest.raises(ValueError, match=reason):
        Chart(kind, "x", points)
