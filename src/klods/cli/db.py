"""The database from the command line: start, stop, look, open, back up, restore."""

import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from klods.cli.hub import read_settings
from klods.cli.output import json_option, print_json, print_table, tell

if TYPE_CHECKING:
    from klods.db.embedded.server import EmbeddedServer
    from klods.settings import Settings

FILE = click.argument("file", type=click.Path(path_type=Path, dir_okay=False))


@click.group("db")
def group() -> None:
    """Start, stop, open, back up and restore the database."""


@group.command()
@json_option
def start(*, as_json: bool) -> None:
    """Start the embedded PostgreSQL and keep it running until `klods db stop`."""
    server = _embedded()
    server.join()
    try:
        server.keep()
    finally:
        server.leave()
    _show(server, as_json=as_json)


@group.command()
@json_option
def stop(*, as_json: bool) -> None:
    """Stop the embedded PostgreSQL; refused while other processes use it."""
    stopped = _embedded().stop()
    tell("Stopped." if stopped else "It was not running.", {"stopped": stopped}, as_json=as_json)


@group.command()
@json_option
def status(*, as_json: bool) -> None:
    """Show whether the database runs, where its data is and who uses it."""
    from klods.db.server import read_url, server_major

    url = _url(read_settings())
    if url is None:
        _show(_embedded(), as_json=as_json)
        return
    known = {"embedded": False, "running": True, "version": server_major(read_url(url))}
    print_json(known) if as_json else print_table(("what", "value"), known.items())


@group.command()
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def psql(arguments: tuple[str, ...]) -> int:
    """Open psql on the hub's database; what follows `--` is passed on to psql."""
    from klods.db.programs import call

    with _conninfo() as conninfo:
        made = call("psql", conninfo, *arguments)
        # Ctrl-C belongs to psql, which cancels its statement; ours must still stop the server afterwards.
        before = signal.signal(signal.SIGINT, lambda *_: None)
        try:
            return subprocess.run(made.words, check=False, env=made.environment).returncode
        finally:
            signal.signal(signal.SIGINT, before)


@group.command()
@FILE
@json_option
def backup(file: Path, *, as_json: bool) -> None:
    """Write the whole database to FILE, which is replaced only by a finished backup."""
    from klods.db.backup import back_up

    with _conninfo() as conninfo:
        size = back_up(conninfo, file)
    tell(f"Wrote {file} ({size:,} bytes).", {"file": str(file), "bytes": size}, as_json=as_json)


@group.command()
@FILE
@click.option("--yes", is_flag=True, help="Replace everything in a database that is not empty.")
@json_option
def restore(file: Path, *, yes: bool, as_json: bool) -> None:
    """Bring the database back from FILE, whole or not at all."""
    from klods.db.backup import restore as bring_back

    with _conninfo() as conninfo:
        bring_back(conninfo, file, replace=yes)
    tell(f"Restored {file}.", {"file": str(file), "restored": True}, as_json=as_json)


@group.command()
@click.option("--sql", "as_sql", is_flag=True, help="Print what an administrator of the server runs to make them.")
@json_option
def roles(*, as_sql: bool, as_json: bool) -> None:
    """Show the roles in which modules work, and how far the server keeps modules apart."""
    from klods.cli.hub import opened
    from klods.db.roles.script import module_roles, roles_sql
    from klods.db.roles.standing import read_standing

    with opened() as klods, klods.database.connection() as connection:
        standing, codes = read_standing(connection), list(klods.catalog())
        if as_sql:
            click.echo(roles_sql(standing, codes), nl=False)
            return
        known, weak = module_roles(connection, standing, codes), klods.weaknesses()
    if as_json:
        print_json({"isolation": klods.isolation, "warnings": [one.meaning for one in weak], "roles": known})
        return
    click.echo(f"{klods.isolation.value}: {klods.isolation.meaning}")
    for weakness in weak:
        if weakness.value != klods.isolation.value:
            click.echo(f"{weakness.value}: {weakness.meaning}")
    print_table(("module", "role", "there"), ((one.module, one.role, "yes" if one.there else "no") for one in known))


def _url(settings: "Settings") -> str | None:
    return settings.database_url.get_secret_value() if settings.database_url else None


@contextmanager
def _conninfo() -> Iterator[str]:
    from klods.db.server import open_server

    settings = read_settings()
    with open_server(settings.home, _url(settings)) as conninfo:
        yield conninfo


def _embedded() -> "EmbeddedServer":
    from klods.db.server import embedded_server

    settings = read_settings()
    if _url(settings):
        raise click.UsageError("DATABASE_URL is set, and Klods does not start or stop that server. Unset it first.")
    return embedded_server(settings.home)


def _show(server: "EmbeddedServer", *, as_json: bool) -> None:
    found = server.status()
    known = {
        "embedded": True, "running": found.running, "kept": found.kept, "pid": found.pid, "data": str(found.data),
        "socket": str(found.socket) if found.socket else None, "users": found.users,
    }  # fmt: skip
    if as_json:
        print_json(known)
    else:
        print_table(("what", "value"), known.items())
