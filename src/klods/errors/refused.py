"""What the asker may not do."""

from klods.errors.base import KlodsError


class Refused(KlodsError):
    """This is not allowed."""


class NotSignedIn(Refused):
    """Sign in first."""


class WrongPassword(Refused):
    """The login or the password is wrong."""


class NotAllowed(Refused):
    """You may not do this."""


class CrossSite(Refused):
    """This request came from another site."""


class TooManyTries(Refused):
    """Too many tries; wait {seconds} seconds."""
