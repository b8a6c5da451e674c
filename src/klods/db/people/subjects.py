"""From a row about a sign-in or a token to the subject it stands for."""

from dataclasses import fields
from typing import Any

from klods.kernel.definition import FrontendType
from klods.kernel.features import Features
from klods.kernel.permissions import beyond
from klods.kernel.subject import Subject


def subject_of(row: dict[str, Any] | None) -> Subject | None:
    """The subject that a row describes."""
    if row is None:
        return None
    known = {entry.name: row[entry.name] for entry in fields(Subject)}
    made = {
        "kind": FrontendType(row["kind"]),
        # What a role of one platform allows must not count on the others.
        "is_everywhere": row["is_everywhere"] and not beyond(row["permitted_everywhere"], row["permissions"]),
        "permissions": frozenset(row["permissions"]),
        "features": Features.read(row["features"]),
    }
    return Subject(**known | made)


def subjects_by(table: str, more: str) -> str:
    """SQL for whom a row of a table stands, with what they may do on its platform; archived ones let nobody in."""
    return f"""
        select u.id as user_id, u.login, u.name, u.kind, u.locale, s.platform_id, u.platform_id is null as is_everywhere,
               u.vendor_id, klods.permissions_of(u.id, s.platform_id) as permissions,
               klods.permissions_of(u.id, null) as permitted_everywhere,
               case when v.id is not null then klods.features_of(v.platform_id, v.id, v.tier_id) end as features, {more}
          from {table} s
          join klods.user_account u on u.id = s.user_id
          join klods.platform p on p.id = s.platform_id
          left join klods.vendors v on v.id = u.vendor_id
         where s.token_hash = %s and u.disabled_at is null and p.archived_at is null and v.archived_at is null
           and (u.platform_id is null or u.platform_id = s.platform_id)"""
