"""Uses a module that it does not require."""


def work():
    from klods.modules.healthy.api import anything

    return anything
