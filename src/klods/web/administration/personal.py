"""What is done about personal data, for the API and the pages alike: nobody erases themselves, or somebody who may do more."""

from dataclasses import dataclass
from typing import Annotated

from klods.errors import OwnAccount
from klods.kernel.authority import refuse_elsewhere, refuse_stronger
from klods.kernel.person_reports import Reach, Report, reach_of
from klods.kernel.personal import Person
from klods.kernel.retaining import Due
from klods.kernel.subject import Subject
from klods.web.asking import actor, working_as
from klods.web.services import HostServices

PRIVATE = {"cache-control": "no-store"}
"""Headers of answers of which nobody may keep a copy."""


@dataclass(frozen=True)
class PersonalDataAdministration:
    """Works for one signed-in person, on that person's platform or, for who is there everywhere, on all."""

    services: HostServices
    by: Subject

    def export(self, email: str, *, everywhere: bool = False) -> Report:
        """Everything that is held about somebody, to be handed out; raise `InvalidPerson`."""
        return self.services.personal_data.export(email, self._reach(everywhere=everywhere), actor=actor(self.by))

    def look(self, email: str, *, everywhere: bool = False) -> Report:
        """The same, to be looked at; raise `InvalidPerson`."""
        return self.services.personal_data.look(email, self._reach(everywhere=everywhere))

    def preview(self, email: str, *, everywhere: bool = False) -> Report:
        """What an erasure would do; raise what would forbid it."""
        return self.services.personal_data.preview(email, self._permitted(email, everywhere=everywhere))

    def erase(self, email: str, *, everywhere: bool = False) -> Report:
        """Erase what is held about somebody; raise `OwnAccount`, `MorePowerful` or `LastAdministrator`."""
        reach = self._permitted(email, everywhere=everywhere)
        try:
            return self.services.personal_data.erase(email, reach, actor=actor(self.by))
        finally:
            self.services.authenticator.forget()

    def due(self) -> tuple[Due, ...]:
        """The retention rules with the rows that are due on the caller's platform."""
        return self.services.retention.due(self._reach(everywhere=False).platforms)

    def apply_retention(self) -> tuple[Due, ...]:
        """Carry the rules out on the caller's platform."""
        return self.services.retention.apply(self._reach(everywhere=False).platforms, actor=actor(self.by))

    @property
    def may_choose_everywhere(self) -> bool:
        """Whether there is more than one platform that the caller reaches."""
        return self.by.is_everywhere and len(self.services.platforms.read().known) > 1

    def _reach(self, *, everywhere: bool) -> Reach:
        if everywhere:
            refuse_elsewhere(self.by, None, "What is held on all platforms")
        known = self.services.platforms.read()
        return reach_of(self.by, known.known, known.find(self.by.platform_id), everywhere=everywhere)

    def _permitted(self, email: str, *, everywhere: bool) -> Reach:
        reach = self._reach(everywhere=everywhere)
        meant = self.services.personal_data.host.meant(Person(email).email, reach)
        if self.by.user_id in meant:
            raise OwnAccount
        roles = (role for user_id in meant for role in self.services.people.roles.of(user_id))
        refuse_stronger(self.by, {permission for role in roles for permission in role.permissions})
        return reach


OfPersonalData = Annotated[
    PersonalDataAdministration, working_as(PersonalDataAdministration, "klods.personal_data.manage")
]
