"""Modules made of nothing but migrations, for tests that run them."""

from collections.abc import Mapping
from pathlib import Path

from klods.db.database import Database
from klods.db.migrating.migrator import ModuleMigrator
from klods.db.own_connection import own_transaction
from klods.kernel.catalog import Module, Source
from klods.kernel.definition import ModuleDefinition

PYTHON = """
from alembic import op
import sqlalchemy as sa

revision = {revision!r}
down_revision = {parent!r}
branch_labels = None
depends_on = None


def upgrade():
    {up}


def downgrade():
    {down}
"""


def module_of(folder: Path, files: Mapping[str, str], code: str = "shop") -> Module:
    """A module whose migrations folder holds these files, and no others."""
    home = folder / code
    for old in home.glob("migrations/**/*.*"):
        old.unlink()
    for name, text in files.items():
        path = home / "migrations" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    home.mkdir(exist_ok=True)
    return Module(ModuleDefinition(code=code, name=code.title()), Source(code, home, f"klods.modules.{code}"))


def python(revision: str, parent: str | None, up: str, down: str = "pass") -> str:
    """An Alembic file in the usual spelling."""
    return PYTHON.format(revision=revision, parent=parent, up=up, down=down)


def upgrade(database: Database, module: Module, to: str = "head") -> tuple[str, ...]:
    """Upgrade in a transaction of its own, and do afterwards what runs without one."""
    migrator = ModuleMigrator(database)
    with own_transaction(database, lock_seconds=2) as connection:
        ran = migrator.upgrade(connection, module, to)
    assert migrator.finish([module]) == ()
    return ran


def downgrade(database: Database, module: Module, to: str) -> tuple[str, ...]:
    """Downgrade in a transaction of its own."""
    with own_transaction(database, lock_seconds=2) as connection:
        return ModuleMigrator(database).downgrade(connection, module, to)
