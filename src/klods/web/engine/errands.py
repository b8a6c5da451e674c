"""Asks the modules that this process serves about people, on their own threads."""

from dataclasses import dataclass

from anyio import from_thread

from klods.db.people.asking import ANSWER_SECONDS, explained
from klods.errors import ModuleFailed, ModuleLoading
from klods.kernel.personal_data import Answer, Errand
from klods.web.engine.snapshot import Standing, Switchboard


@dataclass(frozen=True)
class LoadedModules:
    """Called from a thread of the host, which waits; the event loop does not."""

    switchboard: Switchboard

    def ask(self, errand: Errand) -> Answer:
        """The module's answer; whatever it does instead of answering is raised as a `KlodsError`."""
        code = errand.module.code
        entry = self.switchboard.current.entries.get(code)
        if entry is None or entry.state is Standing.LOADING:
            raise ModuleLoading(module=code)
        if entry.app is None:
            reason = entry.problem.message if entry.problem else ""
            raise ModuleFailed(module=code, reason=reason, incident=entry.incident)
        try:
            return from_thread.run(entry.app.ask, errand, ANSWER_SECONDS)
        except Exception as error:
            raise explained(error, errand.module) from error
