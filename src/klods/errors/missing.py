"""What is not here."""

from klods.errors.base import KlodsError


class NotFound(KlodsError):
    """There is no such thing here."""


class NoSuchModule(NotFound):
    """There is no module named {module}."""

    hint = "`klods module list` shows the modules that were found."


class ModuleNotEnabled(NotFound):
    """The module {module} is not enabled."""

    hint = "Enable it with `klods module enable {module}`."


class NoSuchPlatform(NotFound):
    """There is no platform {platform}."""


class NoSuchUser(NotFound):
    """Nobody signs in as {login}."""

    hint = "`klods user list` shows everybody."


class NoSuchVendor(NotFound):
    """There is no vendor {vendor} on this platform."""


class NoSuchRole(NotFound):
    """There is no role {role} here."""

    hint = "`klods role list` shows the roles."


class NoSuchTier(NotFound):
    """There is no tier {tier}."""

    hint = "`klods tier list` shows the tiers."


class NoSuchMenuItem(NotFound):
    """The module {module} has no menu entry {item} here."""


class NoSuchSignIn(NotFound):
    """This sign-in has ended already."""


class Misdirected(NotFound):
    """{what}."""

    hint = "Ask for the hub by a domain name of a platform, or name one in the header `X-Klods-Platform`."


class NoSuchToken(NotFound):
    """There is no API token named {name}."""


class NoSuchDryRun(NotFound):
    """There is no dry run {id}, or not any more."""

    hint = "What a dry run would change is kept for an hour; run it again."


class NoSuchFile(NotFound):
    """{module} has no file {path!r}."""


class NoSuchMail(NotFound):
    """There is no mail {id}."""

    hint = "`klods mail list` shows what waits, was sent and failed."


class NoSuchArchive(NotFound):
    """No tables of {module} have been set aside, or not under this number."""

    hint = "`klods module archives` shows what there is."


class NoSuchEntry(NotFound):
    """There is no entry {entry} in the log, or it is about another platform."""

    hint = "`klods module log` shows what was done."


class NoSuchConfigChange(NotFound):
    """The configuration of {module} has no change {change} on this platform."""

    hint = "`klods config history {module}` shows what was changed."


class LinkSpent(NotFound):
    """This login link has been used or has expired."""

    hint = "Make a new one with `klods login-link`."
