"""What the asker may not do."""

from klods.errors.base import KlodsError


class Refused(KlodsError):
    """This is not allowed."""


class NotSignedIn(Refused):
    """Sign in first."""

    hint = "A program sends `Authorization: Bearer TOKEN`; `klods token create --name NAME` makes a token."


class WrongPassword(Refused):
    """The login or the password is wrong."""


class NotAllowed(Refused):
    """You may not do this."""


class PermissionMissing(NotAllowed):
    """You lack the permission {permission}."""

    hint = "Somebody who manages people can give you a role that has it."


class FeatureMissing(Refused):
    """The feature {feature} is not open here."""

    hint = "Tiers that have it: {tiers}."


class OtherPlatform(NotAllowed):
    """Your account or token is for another platform."""

    hint = "Ask at the host name of your platform; `klods token create --platform CODE` makes a token for another one."


class OtherSide(NotAllowed):
    """This is for accounts of the kind {wanted}, and yours is of the kind {kind}."""

    hint = "Admins have /CODE and /api/v1/CODE of a module, vendors /vendor/CODE and /api/vendor/CODE."


class ForAllPlatforms(NotAllowed):
    """{what} concerns all platforms, and your account is for one of them."""

    hint = "Ask somebody whose account is for all platforms."


class MorePowerful(NotAllowed):
    """You cannot hand out or take what you do not have yourself: {permissions}."""


class OtherModulesConfig(Refused):
    """{module} may not {act} of {other} on platform {platform}."""

    hint = "A module changes its own configuration on the platform it works for, and sees no secrets of others."


class CrossSite(Refused):
    """This request came from another site."""


class TooManyTries(Refused):
    """Too many tries; wait {seconds} seconds."""
