"""What does not fit the present state."""

from klods.errors.base import KlodsError


class Conflict(KlodsError):
    """The request does not fit the present state."""


class StalePlan(Conflict):
    """The plan no longer fits: something changed since it was made."""

    hint = "Ask for the plan again, look at it, and apply the new one."


class AlreadyRunning(Conflict):
    """Another change of modules is running."""

    hint = "Wait until it has ended, then try again."


class NameTaken(Conflict):
    """The name {name!r} is taken: {reason}."""


class LastPlatform(Conflict):
    """{platform} is the only platform of this hub, so it stays."""


class WithoutDomain(Conflict):
    """With several platforms nobody could reach {platforms}: no domain name leads there."""

    hint = "Give each platform a domain name first: `klods platform add-domain CODE NAME`."


class FixedRole(Conflict):
    """The role {role} is part of Klods and stays as it is."""

    hint = "Make a role of your own beside it."


class LastAdministrator(Conflict):
    """After this nobody could manage people on all platforms any more."""

    hint = "Give the role administrator to somebody else first."


class CoreModule(Conflict):
    """{module} is a core module and can be neither disabled nor uninstalled."""


class SharedTables(Conflict):
    """{module} is enabled on platform {platforms} and would share its rows with this one, in {tables}."""

    hint = (
        "Let every table have a column `platform_id`, which keeps the rows of platforms apart; or say that all may see the"
        " same: `klods module enable {module} --shared`."
    )


class CannotUndo(Conflict):
    """Entry {entry} of the log cannot be undone: {reasons}."""

    hint = "`klods module log` shows what was done since; undo that first, or switch the modules one by one."


class ChangedSince(Conflict):
    """Change {change} of the configuration of {module} cannot be undone: {names} was changed again since."""

    hint = "Undo the later change first, or set the values one by one."


class NothingToUndo(Conflict):
    """Nothing that could be undone was done on platform {platform}."""

    hint = "`klods module log` shows what was done."


class InUse(Conflict):
    """{what} is in use by {who}."""


class StillEnabled(Conflict):
    """{module} is enabled, on platform {platforms}."""

    hint = "Disable it first with `klods module disable {module}`; its data stays."


class StillReferenced(Conflict):
    """What is left would depend on tables of {module}: {referrers}."""

    hint = "Take the modules that these belong to out as well, before it or in the same plan."


class PlaceTaken(Conflict):
    """{module} is installed anew, so its tables stand where those from {day} would go."""

    hint = "Set the present ones aside first: `klods module uninstall {module} --archive`."


class NotConfirmed(Conflict):
    """Nothing was deleted: that asks for the code of the module, {module}, as a confirmation."""


class ReadOnlyModule(Conflict):
    """{module} is read-only, so nothing was done."""

    hint = "Try it with `?dry_run=true`; `klods module live {module}` lets it write."


class ReadOnly(Conflict):
    """{route} says that it only reads, and it tried to write while {module} is read-only; nothing was done."""

    hint = (
        "`klods module live {module}` lets it write. In the module's code, write under another method than GET, and"
        " without `@reads_only`."
    )


class NotLive(Conflict):
    """{module} is not live, so nothing was done: what it does would not be kept."""

    hint = "`klods module live {module}` lets it go live; without `dry_run=false` it would be tried and undone."


class HeldMeanwhile(Conflict):
    """{module} was put on hold while this ran, so nothing of it was kept."""

    hint = "Try again: it is tried and undone now. `klods module live {module}` lets it go live."


class KeptSafe(Conflict):
    """{module} cannot go live: {variables} in the environment of the hub keeps it from that."""

    hint = "Take it out of the environment, and start the hub anew."


class NotSent(Conflict):
    """{method} {url} was not sent, because this is a dry run of {module}."""

    hint = "Let the module go live, or give the call an answer for dry runs with `when_dry=`."


class NotLiveHere(Conflict):
    """{module} is not live on platform {platform}, so nothing of it is erased there."""

    hint = "`klods module live {module} --platform {platform}` lets it go live."


class LeftBehind(Conflict):
    """Tables of {module} were kept or set aside when it was uninstalled, and may hold personal data."""

    hint = (
        "`klods module enable {module}` or `klods module restore {module}` lets it be asked; `klods module uninstall"
        " {module} --drop` or `klods module discard {module}` deletes the tables."
    )


class OwnAccount(Conflict):
    """This is your own account, and you would erase yourself."""

    hint = "Let another administrator do it."


class ErasureNotConfirmed(Conflict):
    """Nothing was erased: that asks for a confirmation."""

    hint = "Look at what would be erased, and confirm it: type the address again, or say --yes."


class AlreadySent(Conflict):
    """The mail {id} was sent already."""


class StaleConfig(Conflict):
    """The configuration of {module} was changed by somebody else: you saw version {seen}, and it is at version {version}."""

    hint = "Look at it again, and make your change anew."


class NotEmpty(Conflict):
    """The database {database} is not empty."""

    hint = "Add --yes to replace everything in it by what is in the backup."
