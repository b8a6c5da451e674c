"""What was given and cannot be used."""

from klods.errors.base import KlodsError


class Invalid(KlodsError):
    """Something given to Klods is not valid."""


class InvalidDefinition(Invalid):
    """The module definition has problems: {problems}"""


class InvalidName(Invalid):
    """{name!r} cannot be used as a name: {reason}."""


class InvalidPassword(Invalid):
    """This password cannot be used: {reason}."""


class InvalidConfig(Invalid):
    """The configuration of {module} is not valid: {reason}"""


class InvalidSettings(Invalid):
    """The settings are not valid: {reason}"""


class BadParameters(Invalid):
    """The parameters do not fit the statement: {reason}"""


class InvalidBackup(Invalid):
    """{file} was not restored: {reason}"""


class UnclearDryRun(Invalid):
    """It is not clear whether this is meant to be a dry run: {reason}."""

    hint = "Send `?dry_run=true` or the header `X-Klods-Dry-Run: true`, or nothing at all."


class InvalidPath(Invalid):
    """{path!r} cannot be the path of a file: {reason}."""

    hint = "Write paths as `reports/2026/may.pdf`: relative, with slashes, at most 200 characters."


class FileTooLarge(Invalid):
    """The file {path!r} has {size} bytes, and {most} are allowed."""

    hint = "KLODS_FILE_MEGABYTES raises the limit."


class InvalidPerson(Invalid):
    """Nobody is known by this mail address: {reason}."""

    hint = "Write it like anna@example.com, as it stands in the data."


class InvalidMail(Invalid):
    """This mail cannot be sent: {reason}."""


class InvalidQuery(Invalid):
    """This list cannot be shown with {parameter}={value!r}: it takes {expected}."""

    hint = "Go back to the list and choose there, or correct the address."


class TooManyRows(Invalid):
    """This list has {rows} rows, and a file takes at most {most}."""

    hint = "Filter the list first."


class UploadTooLarge(Invalid):
    """The file {name!r} is larger than {most} bytes."""

    hint = "Send a smaller one."


class UploadOfOtherType(Invalid):
    """The file {name!r} is not of a type that is taken here: {types}."""

    hint = "Save it as one of these types; another ending of its name is not enough."
