"""The shapes of the API for the configuration of modules."""

from datetime import datetime
from typing import Annotated, Any, Self

from pydantic import Field, StringConstraints

from klods.kernel.config_changes import ConfigChange
from klods.kernel.config_view import Layer, Setting
from klods.kernel.configuring import Shown, Wish
from klods.web.api.module_models import Shape
from klods.web.storable import PLAIN

SettingName = Annotated[str, StringConstraints(min_length=1, max_length=100, pattern=PLAIN)]
Why = Annotated[str, StringConstraints(max_length=500, pattern=PLAIN)]
Version = Annotated[int | None, Field(ge=0, le=2**62, description="the version that you saw; also as `If-Match`")]
Values = Annotated[
    dict[SettingName, Any], Field(max_length=200, description='a secret that is to stay is `{"set": true}`')
]
KEPT = {"set": True}


class ConfigIn(Shape):
    """Everything that is to be set; what is not named is as the module says again."""

    values: Values
    version: Version = None
    why: Why = ""

    def wish(self, version: int | None) -> Wish:
        """What is asked for."""
        kept = [name for name, value in self.values.items() if value == KEPT]
        given = {name: value for name, value in self.values.items() if name not in kept}
        return Wish(given, kept, version if self.version is None else self.version, self.why, whole=True)


class ConfigChangeIn(Shape):
    """What is to be set, and what is to be as the module says again; everything else stays."""

    values: Annotated[Values, Field(default_factory=dict)]
    unset: Annotated[list[SettingName], Field(max_length=200, default_factory=list)]
    version: Version = None
    why: Why = ""

    def wish(self, version: int | None) -> Wish:
        """What is asked for."""
        given = {name: value for name, value in self.values.items() if value != KEPT}
        return Wish(given, self.unset, version if self.version is None else self.version, self.why)


class SettingOut(Shape):
    """One setting; of a secret only whether it is set."""

    name: str
    value: Annotated[Any, Field(description='`{"set": true}` or `{"set": false}` for a secret')]
    source: Annotated[Layer, Field(description="where the value comes from")]
    secret: bool
    variable: Annotated[str, Field(description="what fixes it in the environment of the hub")]

    @classmethod
    def of(cls, setting: Setting) -> Self:
        """The setting as it may be shown."""
        value = {"set": setting.is_set} if setting.secret else setting.value
        return cls(
            name=setting.name, value=value, source=setting.layer, secret=setting.secret, variable=setting.variable
        )


class ConfigOut(Shape):
    """The configuration of a module on a platform."""

    code: str
    version: int
    updated_at: datetime | None
    updated_by: str
    settings: list[SettingOut]
    late: Annotated[list[str], Field(description="processes that have not followed the change yet")]
    json_schema: Annotated[dict[str, Any], Field(description="what can be set, as JSON schema")]

    @classmethod
    def of(cls, shown: Shown) -> Self:
        """The configuration as it may be shown."""
        stored = shown.stored
        return cls(
            code=shown.code,
            version=stored.version,
            updated_at=stored.updated_at if stored.version else None,
            updated_by=stored.updated_by,
            settings=[SettingOut.of(setting) for setting in shown.settings],
            late=list(shown.late),
            json_schema=dict(shown.schema),
        )


class ConfigChangeOut(Shape):
    """One change; of a secret only that it was changed."""

    id: int
    at: datetime
    actor: str
    version: int
    why: str
    undoes: int | None
    changes: list[dict[str, Any]]

    @classmethod
    def of(cls, change: ConfigChange) -> Self:
        """The change as it may be shown."""
        return cls(
            id=change.id,
            at=change.at,
            actor=change.actor,
            version=change.version,
            why=change.why,
            undoes=change.undoes,
            changes=[dict(one) for one in change.changes],
        )
