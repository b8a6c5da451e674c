"""The platforms of the hub in PostgreSQL; every change is told to all processes."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from psycopg import errors

from klods.db.announcing import Announced, announced
from klods.db.database import Database
from klods.errors import InvalidName, LastPlatform, NameTaken, NoSuchTier, WithoutDomain
from klods.kernel.definition import FrontendType
from klods.kernel.features import Features, Tier
from klods.kernel.i18n import LOCALES
from klods.kernel.menus import MenuChange
from klods.kernel.names import why_no_code
from klods.kernel.platforms import Platform, Platforms, domain_of

READ = """
    select (select coalesce(jsonb_agg(p order by p.id), '[]') from (
              select p.id, p.code, p.name, p.locale, p.archived_at is not null as is_archived,
                     coalesce(t.code, '') as tier, klods.features_of(p.id, null, p.tier_id) as features,
                     (select coalesce(jsonb_agg(to_jsonb(m) - 'platform_id'), '[]') from klods.menu_change m
                       where m.platform_id = p.id) as menu,
                     array(select d.domain from klods.platform_domain d where d.platform_id = p.id order by 1) as domains
                from klods.platform p left join klods.tier t on t.id = p.tier_id) p) as platforms,
           (select coalesce(jsonb_agg(t), '[]') from (
              select t.code, t.name, t.position,
                     array(select f.feature from klods.tier_feature f where f.tier_id = t.id) as features
                from klods.tier t) t) as tiers"""


class PlatformRows:
    """The store of platforms."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def read(self) -> Platforms:
        """All platforms at one moment."""
        with self._database.connection() as connection:
            return _platforms(connection.execute(READ).fetchone() or {})

    def create(self, code: str, name: str, domains: Sequence[str] = (), *, actor: str) -> Platform:
        """Make a platform; raise `InvalidName`, `NameTaken`, or `WithoutDomain` while one could not be reached."""
        if reason := why_no_code(code):
            raise InvalidName(name=code, reason=reason)
        with self._changing(actor) as change:
            row = _inserted(change, code, name.strip() or code)
            for domain in domains:
                _add_domain(change, row["id"], domain)
            change.log("platform.create", code, platform_id=row["id"], after=name)
        return self.read().find(code)

    def change(self, platform: Platform, *, name: str | None = None, locale: str | None = None, actor: str) -> None:
        """Give a platform another name or language."""
        if locale and locale not in LOCALES:
            raise InvalidName(name=locale, reason=f"the languages are {', '.join(LOCALES)}")
        if name is not None and not name.strip():
            raise InvalidName(name=name, reason="a platform needs a name")
        with self._changing(actor) as change:
            change.connection.execute(
                "update klods.platform set name = coalesce(%s, name), locale = coalesce(%s, locale) where id = %s",
                [name and name.strip(), locale, platform.id],
            )
            change.log(
                "platform.change", platform.code, platform_id=platform.id, before=platform.name, after=name or ""
            )

    def add_domain(self, platform: Platform, domain: str, *, actor: str) -> None:
        """Let a host name lead to the platform; raise `NameTaken` when it leads to another one."""
        with self._changing(actor) as change:
            _add_domain(change, platform.id, domain)
            change.log("platform.domain", platform.code, platform_id=platform.id, after=domain_of(domain))

    def remove_domain(self, platform: Platform, domain: str, *, actor: str) -> None:
        """Let a host name lead there no longer; raise `WithoutDomain` for the last one while there are several platforms."""
        with self._changing(actor) as change:
            change.connection.execute(
                "delete from klods.platform_domain where platform_id = %s and domain = %s",
                [platform.id, domain_of(domain)],
            )
            change.log("platform.domain", platform.code, platform_id=platform.id, before=domain_of(domain))

    def archive(self, platform: Platform, *, actor: str) -> int:
        """Close a platform: nobody reaches it, its data stays; return the generation. Raises `LastPlatform`."""
        with self._changing(actor) as change:
            change.connection.execute("update klods.platform set archived_at = now() where id = %s", [platform.id])
            change.log("platform.archive", platform.code, platform_id=platform.id)
        return change.generation

    def restore(self, platform: Platform, *, actor: str) -> int:
        """Open an archived platform again; return the generation."""
        with self._changing(actor) as change:
            change.connection.execute("update klods.platform set archived_at = null where id = %s", [platform.id])
            change.log("platform.restore", platform.code, platform_id=platform.id)
        return change.generation

    def set_tier(self, platform: Platform, tier: str, *, actor: str) -> None:
        """Give a platform the features of a tier, or of none when it is empty; raise `NoSuchTier`."""
        with self._changing(actor) as change:
            found = change.connection.execute("select id from klods.tier where code = %s", [tier]).fetchone()
            if tier and found is None:
                raise NoSuchTier(tier=tier)
            change.connection.execute(
                "update klods.platform set tier_id = %s where id = %s", [found and found["id"], platform.id]
            )
            change.log("platform.tier", platform.code, platform_id=platform.id, before=platform.tier, after=tier)

    @contextmanager
    def _changing(self, actor: str) -> Iterator[Announced]:
        """A change that leaves every open platform within reach."""
        with announced(self._database, actor) as change:
            yield change
            refuse_unreachable(_platforms(change.connection.execute(READ).fetchone() or {}))


def refuse_unreachable(platforms: Platforms) -> None:
    """Raise `LastPlatform` when none is open, or `WithoutDomain` when some of several could not be reached."""
    if not platforms.open:
        raise LastPlatform(platform=", ".join(platform.code for platform in platforms))
    lost = [platform.code for platform in platforms.open if not platform.domains]
    if lost and len(platforms.open) > 1:
        raise WithoutDomain(platforms=", ".join(lost))


def _inserted(change: Announced, code: str, name: str) -> dict[str, Any]:
    try:
        row = change.connection.execute(
            "insert into klods.platform(code, name) values (%s, %s) returning id", [code, name]
        ).fetchone()
    except errors.UniqueViolation:
        raise NameTaken(name=code, reason="a platform has it") from None
    return row or {}


def _add_domain(change: Announced, platform_id: int, domain: str) -> None:
    plain = domain_of(domain)
    owner = change.connection.execute(
        "insert into klods.platform_domain as d(domain, platform_id) values (%s, %s)"
        " on conflict (domain) do update set domain = d.domain returning platform_id",
        [plain, platform_id],
    ).fetchone()
    if owner and owner["platform_id"] != platform_id:
        raise NameTaken(name=plain, reason="it leads to another platform")


def _platforms(row: dict[str, Any]) -> Platforms:
    tiers = (Tier(**tier | {"features": frozenset(tier["features"])}) for tier in row["tiers"])
    return Platforms(tuple(map(_platform, row["platforms"])), tuple(tiers))


def _platform(row: dict[str, Any]) -> Platform:
    made = {
        "domains": tuple(row["domains"]),
        "features": Features.read(row["features"]),
        "menu": tuple(map(_menu_change, row["menu"])),
    }
    return Platform(**row | made)


def _menu_change(row: dict[str, Any]) -> MenuChange:
    named = {"frontend": FrontendType(row["frontend"]), "group": row["menu_group"], "order": row["position"]}
    kept = {name: row[name] for name in ("module", "item", "hidden", "label", "icon")}
    return MenuChange(**kept | named)
