"""What other modules may use."""

from klods import api, execute_query


@api
def count_items() -> int:
    """How many items there are."""
    return int(execute_query("select count(*) as n from healthy_items")[0]["n"])


def forgotten() -> int:
    """A function that nobody has marked."""
    return 1


class Items:
    """Functions of a class."""

    @staticmethod
    @api
    def latest() -> int:
        """The newest item's id."""
        return 1


class Forgotten:
    """Functions that nobody has marked."""

    @staticmethod
    def latest() -> int:
        """The newest item's id."""
        return 1
