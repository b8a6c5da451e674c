"""How the host signs in: random passwords in files of our own, told to libpq by name and so never shown."""

import secrets
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo

from klods.db.embedded.files import read_or_blank, write_private
from klods.db.embedded.postmaster import PORT
from klods.db.roles.hardening import harden, is_hardened
from klods.errors import ServerFailed

SUPERUSER = "postgres"
LOGIN = "klods_host"
DATABASE = "klods"
FOR_NEW_ONES = "template1"
"""What databases that are made later are copies of."""


@dataclass(frozen=True, slots=True)
class Access:
    """The password files of one server."""

    base: Path

    def conninfo(self, socket: Path, user: str = LOGIN, database: str = DATABASE) -> str:
        """How to connect; names the password file, so that the password itself is in no log and no process list."""
        return make_conninfo(host=str(socket), port=PORT, user=user, dbname=database, passfile=str(self._file(user)))

    def password(self, user: str) -> str:
        """The password of the user, made at the first call."""
        path = self._file(user)
        if not read_or_blank(path):
            write_private(path, f"*:*:*:{user}:{secrets.token_hex(24)}\n")
        return read_or_blank(path).rpartition(":")[2]

    def ensure_login(self, socket: Path, *, fresh: bool) -> str:
        """The conninfo of the host's login, which is made, with its database, where that has not happened yet."""
        password = self.password(LOGIN)
        if fresh or not self._is_ready(socket):
            self._make_login(socket, password)
        return self.conninfo(socket)

    def _is_ready(self, socket: Path) -> bool:
        """Whether the host can sign in, and its database has been hardened."""
        try:
            with psycopg.connect(self.conninfo(socket)) as connection:
                return is_hardened(connection)
        except psycopg.OperationalError:
            return False

    def _make_login(self, socket: Path, password: str) -> None:
        try:
            with psycopg.connect(self.conninfo(socket, SUPERUSER, SUPERUSER), autocommit=True) as connection:
                _make_login(connection, password)
            for database in (DATABASE, FOR_NEW_ONES):
                with psycopg.connect(self.conninfo(socket, SUPERUSER, database), autocommit=True) as connection:
                    harden(connection, LOGIN)
            psycopg.connect(self.conninfo(socket)).close()
        except psycopg.Error as error:
            raise ServerFailed(reason=f"the host cannot sign in: {str(error).strip()}") from None

    def _file(self, user: str) -> Path:
        return self.base / f"{user}.password"


def _make_login(connection: psycopg.Connection, password: str) -> None:
    # The server gets a verifier, because it may write a failing statement into its log.
    verifier = connection.pgconn.encrypt_password(password.encode(), LOGIN.encode(), b"scram-sha-256")
    login = sql.Identifier(LOGIN)
    if not connection.execute("SELECT FROM pg_roles WHERE rolname = %s", [LOGIN]).rowcount:
        connection.execute(sql.SQL("CREATE ROLE {}").format(login))
    options = sql.SQL("ALTER ROLE {} LOGIN NOSUPERUSER NOREPLICATION NOBYPASSRLS CREATEROLE CREATEDB PASSWORD {}")
    connection.execute(options.format(login, sql.Literal(verifier.decode())))
    if not connection.execute("SELECT FROM pg_database WHERE datname = %s", [DATABASE]).rowcount:
        connection.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(sql.Identifier(DATABASE), login))
