"""Marks say something about a handler and change nothing about it."""

import functools

from klods.web.engine.marks import is_public, is_reads_only, public, reads_only


def test_a_mark_leaves_the_function_what_it_is():
    def handler():
        return 1

    assert public()(handler) is handler
    assert public(handler) is handler
    assert reads_only(handler) is handler


def test_nothing_is_public_that_was_not_marked():
    @reads_only()
    def handler(): ...

    assert is_reads_only(handler)
    assert not is_public(handler)
    assert not is_public(None)
    assert not is_public("text")


def test_a_mark_is_seen_through_decorators_above_and_below():
    def decorate(function):
        @functools.wraps(function)
        def wrapper(*args):
            return function(*args)

        return wrapper

    @decorate
    @public()
    def below(): ...

    def inner(): ...

    public()(decorate(inner))
    assert is_public(below)
    assert is_public(inner)


def test_partials_and_objects_can_be_marked():
    class Handler:
        def __call__(self): ...

    one, other = Handler(), Handler()
    assert is_public(public(one))
    assert not is_public(other)

    def named(a): ...

    assert is_public(functools.partial(public(named), 1))
