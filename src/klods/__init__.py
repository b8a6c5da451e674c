"""Klods: a platform on which a company builds its hub out of modules.

The names a module's author uses stand here and are fetched when they are asked for, so that `import klods` stays
light; `__init__.pyi` shows them to editors and type checkers. Nothing inside the package imports from here.
"""

from importlib import import_module
from typing import Any

from klods._version import __version__

_WHERE = {
    "Chart": "klods.web.pages.kit.chart",
    "Column": "klods.web.pages.kit.columns",
    "Found": "klods.web.pages.kit.panels",
    "FrontendType": "klods.kernel.definition",
    "Kept": "klods.kernel.personal",
    "KlodsError": "klods.errors",
    "MenuItem": "klods.kernel.definition",
    "ModuleDefinition": "klods.kernel.definition",
    "NoScope": "klods.errors",
    "NotSent": "klods.errors",
    "Panels": "klods.web.pages.kit.panels",
    "Person": "klods.kernel.personal",
    "Progress": "klods.web.pages.kit.progress",
    "Retention": "klods.kernel.personal",
    "Subject": "klods.kernel.subject",
    "Submitted": "klods.web.pages.kit.form",
    "Table": "klods.web.pages.kit.table",
    "api": "klods.db.crossing",
    "current_scope": "klods.db.scope",
    "execute_insert": "klods.db.statements",
    "execute_module_migration": "klods.db.migrating.migrator",
    "execute_query": "klods.db.statements",
    "execute_update": "klods.db.statements",
    "file_response": "klods.web.pages.kit.uploads",
    "files": "klods.outbound",
    "form_of": "klods.web.pages.kit.form",
    "get_current_admin_user": "klods.web.callers",
    "get_current_user": "klods.web.callers",
    "get_current_vendor_user": "klods.web.callers",
    "get_db": "klods.db.statements",
    "get_module_config": "klods.db.config",
    "http": "klods.outbound",
    "mail": "klods.outbound",
    "module_service": "klods.db",
    "public": "klods.web.engine.marks",
    "read_upload": "klods.web.pages.kit.uploads",
    "reads_only": "klods.web.engine.marks",
    "redirect": "klods.web.pages",
    "render": "klods.web.pages",
    "requires": "klods.web.callers",
    "requires_feature": "klods.web.callers",
    "savepoint": "klods.db.statements",
    "scope": "klods.db.scope",
    "send_file": "klods.web.pages.kit.uploads",
    "show_progress": "klods.web.pages.kit.progress",
    "stream_progress": "klods.web.pages.kit.progress",
    "unit": "klods.db.scope",
}

__all__ = ["__version__", *_WHERE]  # noqa: PLE0604


def __getattr__(name: str) -> Any:
    if name not in _WHERE:
        message = f"module 'klods' has no attribute {name!r}"
        raise AttributeError(message)
    home = import_module(_WHERE[name])
    return getattr(home, name) if hasattr(home, name) else import_module(f"{_WHERE[name]}.{name}")


def __dir__() -> list[str]:
    return sorted({*globals(), *_WHERE})
