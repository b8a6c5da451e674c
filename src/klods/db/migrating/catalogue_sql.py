"""The queries behind the catalogue watch, put together from one line per kind of object."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

NOT_OF_EXTENSION = (
    "not exists (select from pg_depend d where d.classid = x.tableoid and d.objid = x.oid and d.deptype = 'e')"
)

# Names of the anchor: which catalogue it stands in, its oid, schema and name, and the join that finds it.
ANCHORS = {
    "relation": (
        "'pg_class', a.oid::bigint, n.nspname::text, a.relname::text",
        "join pg_class a on a.oid = {at} join pg_namespace n on n.oid = a.relnamespace and not n.nspname ~ '^pg_toast'",
    ),
    "type": (
        "'pg_type', a.oid::bigint, n.nspname::text, a.typname::text",
        "join pg_type a on a.oid = {at} join pg_namespace n on n.oid = a.typnamespace",
    ),
    "itself": (
        "'{catalog}', x.oid::bigint, n.nspname::text, {name}::text",
        "join pg_namespace n on n.oid = {at} and not n.nspname ~ '^pg_toast'",
    ),
    "nobody": ("'{catalog}', {oid}::bigint, '', ''", ""),
}
SPELLED = {
    "relation": "case when n.nspname <> 'public' then n.nspname || '.' else '' end || a.relname",
    "type": "case when n.nspname <> 'public' then n.nspname || '.' else '' end || a.typname",
    "itself": "case when n.nspname <> 'public' then n.nspname || '.' else '' end || {name}",
    "nobody": "{name}",
}


@dataclass(frozen=True, slots=True)
class Kind:
    """How rows of one catalogue are read: what they are called, and the anchor they belong to.

    ``at`` gives the oid of the anchor, or of the schema when the row is its own anchor.
    """

    catalog: str
    what: str
    anchor: Literal["relation", "type", "itself", "nobody"]
    at: str = ""
    name: str = "''"
    oid: str = "x.oid"
    part: str = "0"
    content: str = "''"
    where: str = "true"

    def select(self, where: str) -> str:
        """The query for the rows of this kind that also fulfil a condition."""
        columns, join = ANCHORS[self.anchor]
        label = f"{self.what} || {SPELLED[self.anchor]}"
        return f"""
            select '{self.catalog}', {self.oid}::bigint, ({self.part})::bigint, {columns}, {label}, {self.content},
                   x.ctid::text, x.xmin::text::bigint
              from {self.catalog} x {join} where {self.where} and {where}
        """.format(catalog=self.catalog, oid=self.oid, at=self.at, name=self.name)


# What relhastriggers and the statistics say changes with foreign keys to a table and with ANALYZE: left out.
CONTENT = """concat_ws('|', x.relname, x.relnamespace, x.relowner, x.relfilenode, x.reltablespace, x.relpersistence,
    x.relkind, x.relnatts, x.relchecks, x.relhasrules, x.relrowsecurity, x.relforcerowsecurity, x.relreplident,
    x.relispartition, x.relacl::text, x.reloptions::text)"""
KIND_OF_RELATION = """case x.relkind when 'i' then 'index ' when 'I' then 'index ' when 'S' then 'sequence '
    when 'v' then 'view ' when 'm' then 'materialized view ' when 'c' then 'type ' when 'f' then 'foreign table '
    else 'table ' end"""
# The triggers that keep a foreign key stand on both tables and belong to the one that has the key.
TABLE_OF_TRIGGER = """coalesce((select k.conrelid from pg_constraint k where k.oid = x.tgconstraint and x.tgisinternal),
    x.tgrelid)"""
# Row types of tables, and array types, come and go with what they are made of.
OWN_TYPE = "x.typrelid = 0 and not (x.typelem <> 0 and x.typlen = -1 and starts_with(x.typname, '_'))"
TO_PUBLIC = "{acl} is not null and exists (select from aclexplode({acl}) g where g.grantee = 0)"

RELATIONS = Kind(
    "pg_class", KIND_OF_RELATION, "itself", "x.relnamespace", "x.relname", content=CONTENT, where=NOT_OF_EXTENSION
)
PARTS = (
    Kind("pg_attribute", "'column ' || x.attname || ' of '", "relation", "x.attrelid", oid="x.attrelid", part="x.attnum"),
    Kind("pg_attrdef", "'a default of '", "relation", "x.adrelid", part="x.adnum"),
    Kind("pg_cast", "'a cast from '", "type", "x.castsource"),
    Kind("pg_constraint", "'constraint ' || x.conname || ' on '", "relation", "x.conrelid"),
    Kind("pg_constraint", "'constraint ' || x.conname || ' on '", "type", "x.contypid"),
    Kind("pg_enum", "'a label of '", "type", "x.enumtypid"),
    Kind("pg_foreign_table", "'foreign table '", "relation", "x.ftrelid", oid="x.ftrelid"),
    Kind("pg_index", "'index ' || x.indexrelid::regclass || ' on '", "relation", "x.indrelid", oid="x.indexrelid"),
    Kind("pg_inherits", "'a child of '", "relation", "x.inhparent", oid="x.inhrelid", part="x.inhseqno"),
    Kind("pg_partitioned_table", "'partitions of '", "relation", "x.partrelid", oid="x.partrelid"),
    Kind("pg_policy", "'policy ' || x.polname || ' on '", "relation", "x.polrelid"),
    Kind("pg_publication_rel", "'publication of '", "relation", "x.prrelid"),
    Kind("pg_rewrite", "'rule ' || x.rulename || ' on '", "relation", "x.ev_class"),
    Kind("pg_sequence", "'sequence '", "relation", "x.seqrelid", oid="x.seqrelid"),
    Kind("pg_statistic_ext", "'statistics ' || x.stxname || ' on '", "relation", "x.stxrelid"),
    Kind("pg_trigger", "'trigger ' || x.tgname || ' on '", "relation", TABLE_OF_TRIGGER),
)  # fmt: skip
NAMED = (
    Kind("pg_collation", "'collation '", "itself", "x.collnamespace", "x.collname", where=NOT_OF_EXTENSION),
    Kind("pg_conversion", "'conversion '", "itself", "x.connamespace", "x.conname", where=NOT_OF_EXTENSION),
    Kind("pg_proc", "'function '", "itself", "x.pronamespace", "x.proname", where=NOT_OF_EXTENSION),
    Kind("pg_ts_config", "'text search configuration '", "itself", "x.cfgnamespace", "x.cfgname"),
    Kind("pg_ts_dict", "'text search dictionary '", "itself", "x.dictnamespace", "x.dictname"),
    Kind("pg_ts_parser", "'text search parser '", "itself", "x.prsnamespace", "x.prsname"),
    Kind("pg_ts_template", "'text search template '", "itself", "x.tmplnamespace", "x.tmplname"),
    Kind("pg_type", "'type '", "itself", "x.typnamespace", "x.typname", where=f"{OWN_TYPE} and {NOT_OF_EXTENSION}"),
)
NOBODYS = (
    Kind("pg_am", "'access method '", "nobody", name="x.amname", where=NOT_OF_EXTENSION),
    Kind("pg_database", "'database '", "nobody", name="x.datname"),
    Kind("pg_default_acl", "'default privileges'", "nobody"),
    Kind("pg_event_trigger", "'event trigger '", "nobody", name="x.evtname"),
    Kind("pg_extension", "'extension '", "nobody", name="x.extname"),
    Kind("pg_foreign_data_wrapper", "'foreign data wrapper '", "nobody", name="x.fdwname", where=NOT_OF_EXTENSION),
    Kind("pg_foreign_server", "'foreign server '", "nobody", name="x.srvname"),
    Kind("pg_language", "'language '", "nobody", name="x.lanname", where=NOT_OF_EXTENSION),
    Kind("pg_largeobject_metadata", "'large object '", "nobody", name="x.oid"),
    Kind("pg_namespace", "'schema '", "nobody", name="x.nspname", where="not x.nspname ~ '^pg_(toast_)?temp_'"),
    Kind("pg_opclass", "'operator class '", "nobody", name="x.opcname", where=NOT_OF_EXTENSION),
    Kind("pg_operator", "'operator '", "nobody", name="x.oprname", where=NOT_OF_EXTENSION),
    Kind("pg_opfamily", "'operator family '", "nobody", name="x.opfname", where=NOT_OF_EXTENSION),
    Kind("pg_publication", "'publication '", "nobody", name="x.pubname"),
    Kind("pg_tablespace", "'tablespace '", "nobody", name="x.spcname"),
    Kind("pg_transform", "'transform '", "nobody", where=NOT_OF_EXTENSION),
)
"""Objects that no module may make or change, whatever they are called."""

GRANTS_TO_ALL = (
    Kind("pg_class", "'a grant to PUBLIC on '", "nobody", name="x.relname", where=TO_PUBLIC.format(acl="x.relacl")),
    Kind("pg_attribute", "'a grant to PUBLIC on a column of '", "nobody", name="x.attrelid::regclass",
         oid="x.attrelid", part="x.attnum", where=TO_PUBLIC.format(acl="x.attacl")),
)  # fmt: skip

ROLE_LOCKS = """
    select case relation::regclass::text when 'pg_authid' then 'a role' when 'pg_auth_members' then 'a grant of a role'
           else 'a setting of a role or of the database' end as label
      from pg_locks
     where pid = pg_backend_pid() and mode = 'RowExclusiveLock'
       and relation in ('pg_authid'::regclass, 'pg_auth_members'::regclass, 'pg_db_role_setting'::regclass)"""
"""Roles are hidden from ordinary logins, but who writes them keeps a lock until the transaction ends."""


LOCKED = """
    select coalesce(c.relname, 'pg_class') as catalog, coalesce(l.relation, l.objid)::bigint as oid
      from pg_locks l left join pg_class c on c.oid = l.classid and l.locktype = 'object'
     where l.pid = pg_backend_pid() and l.mode = 'AccessExclusiveLock' and l.locktype in ('relation', 'object')"""
"""Everything this transaction may have dropped: dropping takes the strongest lock, and keeps it to the end."""

# Written by this transaction or by a later one: true for nothing else, as long as this one has an id.
TOUCHED = " union all ".join(
    kind.select("age(x.xmin) <= 0") for kind in (RELATIONS, *PARTS, *NAMED, *NOBODYS, *GRANTS_TO_ALL)
)


def known_as(keys: Mapping[str, Sequence[int]]) -> Iterator[str]:
    """The queries that say what objects are, given by catalogue and oid."""
    for kind in (RELATIONS, *PARTS, *NAMED, *NOBODYS):
        if kind.oid == "x.oid" and (oids := keys.get(kind.catalog)):
            yield kind.select(f"x.oid in ({', '.join(str(int(oid)) for oid in oids)})")
