"""The klods command: what there is, in the order people meet it."""

import sys
from collections.abc import Sequence

import click

from klods._version import __version__
from klods.cli.errors import EXIT_CODES, run
from klods.cli.lazy import Command, LazyGroup

MODULE = {
    "create": Command("klods.cli.modules:create", "Make a new module that runs and passes its own tests."),
    "check": Command(
        "klods.cli.modules:check", "Report every problem of every module at once, or of the modules named."
    ),
    "list": Command("klods.cli.show:list_modules", "Show all modules with their state and the reason for it."),
    "status": Command("klods.cli.show:status", "Show everything known about one module."),
    "plan": Command(
        "klods.cli.show:plan", "Show what an action would do with a module, and with others; nothing is done."
    ),
    "enable": Command("klods.cli.switch:enable", "Enable a module and what it requires, in every process of the hub."),
    "disable": Command("klods.cli.switch:disable", "Disable a module and what depends on it; its data stays."),
    "live": Command("klods.cli.switch:live", "Let a module go live: what it does is kept from now on."),
    "hold": Command("klods.cli.switch:hold", "Switch a module's READ_ONLY and DRY_RUN on: nothing it does is kept."),
    "migrate": Command("klods.cli.switch:migrate", "Run a module's pending migrations, or take some back."),
    "log": Command("klods.cli.log:log", "Show what was done to a module, or to all, the newest first."),
    "undo": Command(
        "klods.cli.log:undo",
        "Take back what an entry of the log switched; the newest one that can be when no ENTRY is given.",
    ),
    "uninstall": Command(
        "klods.cli.uninstall:uninstall", "Take modules out of this installation; they have to be disabled."
    ),
    "archives": Command(
        "klods.cli.uninstall:archives", "Show the tables that were set aside, of one module or of all."
    ),
    "restore": Command("klods.cli.uninstall:restore", "Bring back the tables of a module that were set aside."),
    "discard": Command("klods.cli.uninstall:discard", "Delete tables that were set aside, for good."),
}

TOP = {
    "demo": Command("klods.cli.demo:demo", "Start a hub with a database, a sample module and a login link."),
    "serve": Command("klods.cli.serve:serve", "Serve the hub until it is told to stop."),
    "module": Command("klods.cli.main:module", "Create, check and switch modules."),
    "i18n": Command(
        "klods.cli.i18n:i18n", "Check the texts of modules in all their languages, and add what is missing."
    ),
    "db": Command("klods.cli.db:group", "Start, stop, open, back up and restore the database."),
    "config": Command(
        "klods.cli.config:config",
        "Look at the settings of modules, change them, and change the key that secrets are encrypted with.",
    ),
    "mail": Command("klods.cli.mail:mail", "Look at the mail that modules send, and let it be tried again."),
    "token": Command("klods.cli.tokens:token", "Create, list and revoke API tokens."),
    "login-link": Command("klods.cli.tokens:login_link", "Make a link that signs somebody in once, within an hour."),
    "user": Command("klods.cli.users:user", "Create, list, change and disable the people who may sign in."),
    "person": Command("klods.cli.person:person", "Export and erase what modules and the hub hold about a person."),
    "retention": Command(
        "klods.cli.retention:retention",
        "Show how long modules keep what they hold, and delete or empty what is older.",
    ),
    "role": Command("klods.cli.roles:role", "Create, change and list roles and the permissions there are."),
    "platform": Command(
        "klods.cli.platforms:platform", "Create, rename and archive platforms, and say which host names lead there."
    ),
    "vendor": Command("klods.cli.platforms:vendor", "Create, rename and archive the vendors of a platform."),
    "tier": Command("klods.cli.tiers:tier", "Say which features tiers have, and who has which tier."),
    "feature": Command("klods.cli.tiers:feature", "Give single features beside a tier, or take them."),
}

module = LazyGroup("module", MODULE, help=TOP["module"].help)

cli = LazyGroup(
    "klods",
    TOP,
    help="Build your company's hub out of modules.",
    epilog="Exit codes: " + ", ".join(f"{code} {meaning}" for code, meaning in EXIT_CODES.items()) + ".",
    context_settings={"help_option_names": ["-h", "--help"]},
)
click.version_option(__version__, prog_name="klods", message="%(prog)s %(version)s")(cli)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command with these arguments, or the process's own, and return its exit code."""
    return run(cli, sys.argv[1:] if arguments is None else arguments)
