"""The configuration of modules; works with and without a running server."""

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from klods.cli.hub import opened
from klods.cli.output import json_option, print_json, print_table, tell

if TYPE_CHECKING:
    from klods.kernel.configuring import Shown

on_option = click.option("--platform", default="default", show_default=True, help="On which platform.")


@click.group()
def config() -> None:
    """Look at the settings of modules, change them, and change the key that secrets are encrypted with."""


@config.command()
@click.argument("code")
@on_option
@json_option
def show(code: str, platform: str, *, as_json: bool) -> None:
    """Show every setting of a module, its value and where that comes from; of secrets only whether they are set."""
    with opened() as klods:
        found = klods.configuration.show(code, klods.platforms.read().find(platform).id)
    _print(found, as_json=as_json)


@config.command("set")
@click.argument("code")
@click.argument("settings", nargs=-1, required=True, metavar="KEY=VALUE|SECRET...")
@click.option("--why", default="", help="Kept in the history.")
@click.option("--version", type=int, help="Refuse when the configuration is at another version by now.")
@on_option
@json_option
def set_values(
    code: str, settings: Sequence[str], why: str, version: int | None, platform: str, *, as_json: bool
) -> None:
    """Set values of a module. Name a secret without `=`: it is asked for, or read from standard input, a line for each."""
    from klods.cli.switch import actor
    from klods.kernel.configuring import Wish

    with opened() as klods:
        platform_id = klods.platforms.read().find(platform).id
        values = _values(settings, klods.configuration.show(code, platform_id))
        changed = klods.configuration.change(code, platform_id, Wish(values, (), version, why), actor=actor())
    _print(changed, as_json=as_json)


@config.command()
@click.argument("code")
@click.argument("keys", nargs=-1, required=True)
@click.option("--why", default="", help="Kept in the history.")
@on_option
@json_option
def unset(code: str, keys: Sequence[str], why: str, platform: str, *, as_json: bool) -> None:
    """Let settings of a module be as the module says again."""
    from klods.cli.switch import actor
    from klods.kernel.configuring import Wish

    with opened() as klods:
        platform_id = klods.platforms.read().find(platform).id
        changed = klods.configuration.change(code, platform_id, Wish({}, keys, None, why), actor=actor())
    _print(changed, as_json=as_json)


@config.command()
@click.argument("code")
@on_option
@json_option
def history(code: str, platform: str, *, as_json: bool) -> None:
    """Show who changed what of a module's settings and when, the newest first; never a secret."""
    with opened() as klods:
        found = klods.configuration.history(code, klods.platforms.read().find(platform).id)
    if as_json:
        print_json(found)
        return
    rows = ((it.id, it.at, it.actor, it.version, "; ".join(map(_said, it.changes)), it.why) for it in found)
    print_table(("change", "when", "who", "version", "what", "why"), rows)


@config.command()
@click.argument("code")
@click.argument("change", type=int)
@on_option
@json_option
def undo(code: str, change: int, platform: str, *, as_json: bool) -> None:
    """Put back what stood before one CHANGE of the history, secrets too."""
    from klods.cli.switch import actor

    with opened() as klods:
        platform_id = klods.platforms.read().find(platform).id
        changed = klods.configuration.undo(code, platform_id, change, actor=actor())
    _print(changed, as_json=as_json)


@config.command("rotate-key")
@click.option("--new", is_flag=True, help="Make a new key and put it first in the key file.")
@json_option
def rotate_key(*, new: bool, as_json: bool) -> None:
    """Encrypt every secret anew with the first key; one that was interrupted goes on where it was."""
    from klods.cli.switch import actor

    with opened() as klods:
        if new:
            klods.keyring.add()
        count = klods.rotate_key(actor=actor())
    words = f"{count} rows are encrypted anew; the older keys can be taken out once no backup needs them."
    tell(words, {"rows": count}, as_json=as_json)


def _values(settings: Sequence[str], shown: "Shown") -> dict[str, Any]:
    from klods.kernel.config_schema import secrets_of

    hidden = {name.lower() for name in secrets_of(shown.schema)}
    values: dict[str, Any] = {}
    for text in settings:
        name, given, value = text.partition("=")
        if given and name.lower() in hidden:
            click.echo(
                f"Warning: the secret {name} stood on the command line, where others may see it; better name it without `=`.",
                err=True,
            )
        values[name] = _structured(value) if given else _ask(name)
    return values


def _ask(name: str) -> str:
    if sys.stdin.isatty():
        answer: str = click.prompt(name, hide_input=True, confirmation_prompt=True)
        return answer
    line = sys.stdin.readline()
    if not line:
        raise click.UsageError(f"{name} has no value: write {name}=VALUE, or give a secret on standard input.")
    return line.rstrip("\r\n")


def _structured(text: str) -> Any:
    """A JSON list or object as what it says; every other text is left to the module's schema."""
    import json

    if text.lstrip().startswith(("[", "{")):
        try:
            return json.loads(text)
        except (ValueError, RecursionError):
            return text
    return text


def _said(change: Any) -> str:
    if change.get("secret"):
        return f"{change['name']}: {'set' if change['is_set'] else 'unset'}"
    return f"{change['name']}: {change.get('before', '–')} → {change.get('after', '–')}"


def _print(shown: "Shown", *, as_json: bool) -> None:
    if as_json:
        print_json({
            "code": shown.code, "version": shown.stored.version, "late": list(shown.late),
            "settings": [
                {"name": it.name, "value": {"set": it.is_set} if it.secret else it.value, "source": it.layer.value,
                 "secret": it.secret, "variable": it.variable} for it in shown.settings
            ],
        })  # fmt: skip
        return
    rows = ((it.name, ("set" if it.is_set else "") if it.secret else it.value, it.layer.value) for it in shown.settings)
    print_table(("setting", "value", "from"), rows)
    if shown.late:
        click.echo(f"These processes have not followed yet: {', '.join(shown.late)}.", err=True)
