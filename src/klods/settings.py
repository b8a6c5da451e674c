"""Where the settings come from: the environment and `.env`, read when asked and never on import."""

from pathlib import Path
from typing import Annotated, Any

from pydantic import AliasChoices, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict, SettingsError

from klods.errors import InvalidSettings


def _named(*names: str) -> Any:
    return AliasChoices(*names)


class Settings(BaseSettings):
    """Every setting of the host, with its default; `.env.example` lists them for people."""

    model_config = SettingsConfigDict(
        env_file=".env",
        env_ignore_empty=True,
        env_nested_delimiter="__",
        extra="ignore",
        populate_by_name=True,
        frozen=True,
    )

    home: Annotated[Path, Field(validation_alias=_named("KLODS_HOME"))] = Path(".klods")
    modules_dir: Annotated[Path, Field(validation_alias=_named("KLODS_MODULES_DIR"))] = Path("modules")
    database_url: Annotated[SecretStr | None, Field(validation_alias=_named("DATABASE_URL"))] = None
    admin_password: Annotated[SecretStr | None, Field(validation_alias=_named("KLODS_ADMIN_PASSWORD"))] = None
    pool_size: Annotated[int, Field(validation_alias=_named("KLODS_POOL_SIZE"), ge=2, le=200)] = 10
    worker_threads: Annotated[int, Field(validation_alias=_named("KLODS_WORKER_THREADS"), ge=1, le=256)] = 8
    acknowledge_seconds: Annotated[float, Field(validation_alias=_named("KLODS_ACKNOWLEDGE_SECONDS"), gt=0)] = 10
    drain_seconds: Annotated[float, Field(validation_alias=_named("KLODS_DRAIN_SECONDS"), gt=0)] = 5
    auto_reload: Annotated[bool, Field(validation_alias=_named("MODULES_AUTO_RELOAD"))] = False
    secure_cookies: Annotated[bool, Field(validation_alias=_named("KLODS_SECURE_COOKIES"))] = False
    modules: dict[str, dict[str, str]] = Field(default_factory=dict)
    """Values of ``MODULES__<CODE>__<KEY>``, lower-cased: ``modules["invoice_scanner"]["api_key"]``."""

    def __init__(self, **values: Any) -> None:
        try:
            super().__init__(**values)
        except ValidationError as error:
            raise InvalidSettings(reason="; ".join(map(_complaint, error.errors()))) from None
        except SettingsError as error:
            raise InvalidSettings(reason=f"{error} ({error.__cause__})") from None

    @property
    def approved_dir(self) -> Path:
        """Where the approved copies of modules live."""
        return self.home.absolute() / "modules"

    @property
    def postgres_dir(self) -> Path:
        """Where the embedded server keeps its data."""
        return self.home.absolute() / "postgres"


def _complaint(error: Any) -> str:
    """Name the variable, not the value: it may be a secret."""
    return f"{'__'.join(map(str, error['loc'])).upper()}: {error['msg']}"


def read_settings() -> Settings:
    """The settings of this process; raise `InvalidSettings` naming the variable that is wrong."""
    try:
        return Settings()
    except ValidationError as error:
        raise InvalidSettings(reason="; ".join(_complaints(error))) from None


def _complaints(error: ValidationError) -> list[str]:
    # The value itself is left out: it may be a secret.
    return [f"{'__'.join(map(str, fault['loc']))}: {fault['msg']}" for fault in error.errors(include_input=False)]
