"""What failed inside a module or its tables."""

from klods.errors.base import KlodsError


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


class NotAsked(Broken):
    """{module} could not be asked for personal data: {reason}"""


class StrangeAnswer(Broken):
    """{module} answered for personal data with what is not understood: {reason}."""

    hint = "docs/howto/personal-data.md says what the two functions return."


class RetentionFailed(Broken):
    """{module}: the retention rule for {table} cannot be applied: {reason}"""


class FileLost(Broken):
    """The content of the file {path!r} of {module} is not on this machine."""

    hint = "Bring the folder `files` in KLODS_HOME back from where it was copied to."
