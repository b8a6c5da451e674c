"""The mail that modules send: what waits, what was sent, and what the mail server did not take."""

from typing import TYPE_CHECKING, Any

import click

from klods.cli.hub import opened
from klods.cli.output import json_option, print_json, print_table, tell

if TYPE_CHECKING:
    from klods.db.mail_queue import QueuedMail

SHOWN = ("id", "at", "module", "state", "recipients", "subject", "tries", "reason")


@click.group()
def mail() -> None:
    """Look at the mail that modules send, and let it be tried again."""


@mail.command("list")
@click.option("--state", type=click.Choice(["waiting", "sent", "failed"]), help="Only mail of this state.")
@click.option("--most", default=50, show_default=True, help="How many, the newest first.")
@json_option
def list_mail(state: str | None, most: int, *, as_json: bool) -> None:
    """Show the newest mail."""
    with opened() as klods:
        mails = klods.mail.newest(most, state or "")
    if as_json:
        print_json([_facts(one) for one in mails])
    else:
        print_table(SHOWN, ([getattr(one, name) for name in SHOWN] for one in mails))


@mail.command()
@click.argument("mail_id", metavar="ID")
@json_option
def show(mail_id: str, *, as_json: bool) -> None:
    """Show one mail with its text."""
    from klods.kernel.mailing import content_of

    with opened() as klods:
        found = klods.mail.find(mail_id)
    facts = _facts(found) | {"text": content_of(found.message).text}
    if as_json:
        print_json(facts)
        return
    print_table(("what", "value"), ((name, facts[name]) for name in (*SHOWN, "next_try_at", "sent_at", "parts")))
    click.echo(f"\n{facts['text']}")


@mail.command()
@click.argument("mail_id", metavar="ID")
@json_option
def retry(mail_id: str, *, as_json: bool) -> None:
    """Let a mail that waits or has failed be tried at once."""
    with opened() as klods:
        klods.mail.retry(mail_id)
    tell(f"The mail {mail_id} is tried again as soon as the hub runs.", {"waiting": mail_id}, as_json=as_json)


def _facts(mail: "QueuedMail") -> dict[str, Any]:
    names = (*SHOWN, "platform_id", "parts", "next_try_at", "sent_at")
    return {name: getattr(mail, name) for name in names}
