"""What a module's code may not do here."""

from klods.errors.base import KlodsError


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
