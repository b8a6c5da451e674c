"""What is done to the configuration of modules, for the API and the pages alike."""

from dataclasses import dataclass
from typing import Annotated

from klods.kernel.config_changes import ConfigChange
from klods.kernel.configuring import Shown, Wish
from klods.kernel.subject import Subject
from klods.web.asking import actor, working_as
from klods.web.services import HostServices


@dataclass(frozen=True)
class ConfigAdministration:
    """Works for one signed-in person, on that person's platform."""

    services: HostServices
    by: Subject

    def show(self, code: str) -> Shown:
        """Every setting of a module; raise `NoSuchModule` or `PartFailed`."""
        return self.services.configuration.show(code, self.by.platform_id)

    def change(self, code: str, wish: Wish) -> Shown:
        """Store what is wished for; raise `InvalidConfig` or `StaleConfig`."""
        return self.services.configuration.change(code, self.by.platform_id, wish, actor=actor(self.by))

    def history(self, code: str) -> tuple[ConfigChange, ...]:
        """Who changed what and when, the newest first."""
        return self.services.configuration.history(code, self.by.platform_id)

    def undo(self, code: str, number: int) -> Shown:
        """Put back what stood before one change."""
        return self.services.configuration.undo(code, self.by.platform_id, number, actor=actor(self.by))


Reading = Annotated[ConfigAdministration, working_as(ConfigAdministration, "klods.config.read")]
Managing = Annotated[ConfigAdministration, working_as(ConfigAdministration, "klods.config.manage")]
