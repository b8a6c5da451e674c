"""Where the settings come from: the environment and `.env`, read when asked and never on import."""

from pathlib import Path
from typing import Any

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict, SettingsError

from klods.errors import InvalidSettings


class Settings(BaseSettings):
    """Every setting of the host, with its default; `.env.example` lists them for people."""

    model_config = SettingsConfigDict(
        env_prefix="KLODS_",
        env_file=".env",
        env_ignore_empty=True,
        env_nested_delimiter="__",
        extra="ignore",
        populate_by_name=True,
        frozen=True,
    )

    home: Path = Path(".klods")
    modules_dir: Path = Path("modules")
    database_url: SecretStr | None = Field(default=None, validation_alias="DATABASE_URL")
    modules_database_url: SecretStr | None = None
    """A login for modules that an administrator of the server has made; without one the host makes it."""
    admin_password: SecretStr | None = None
    address: str = Field(default="", pattern=r"^(https?://[^/\s]+)?$")
    """Where people reach the hub; empty is where `klods serve` listens."""
    pool_size: int = Field(default=10, ge=2, le=200)
    worker_threads: int = Field(default=8, ge=1, le=256)
    acknowledge_seconds: float = Field(default=10, gt=0)
    drain_seconds: float = Field(default=5, gt=0)
    file_megabytes: int = Field(default=100, ge=1, le=1000)
    """How large a file may be that a module stores."""
    smtp_url: SecretStr | None = None
    """The server that mail is handed to; without one it waits."""
    mail_from: str = ""
    secret_key: SecretStr | None = None
    """What secrets are encrypted with: one key or several with commas, the first of which encrypts; else a file in the home."""
    secure_cookies: bool = False
    auto_reload: bool = Field(default=False, validation_alias="MODULES_AUTO_RELOAD")
    modules: dict[str, dict[str, str]] = Field(default_factory=dict, validation_alias="MODULES")
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
    def secret_key_file(self) -> Path:
        """Where the key stands that secrets are encrypted with, unless the environment has it."""
        return self.home.absolute() / "secret.key"

    @property
    def files_dir(self) -> Path:
        """Where the contents of files stand that modules have stored."""
        return self.home.absolute() / "files"

    @property
    def postgres_dir(self) -> Path:
        """Where the embedded server keeps its data."""
        return self.home.absolute() / "postgres"


def _complaint(error: Any) -> str:
    """Name the variable, not the value: it may be a secret."""
    name = "__".join(map(str, error["loc"]))
    prefix = "KLODS_" if name in Settings.model_fields else ""
    return f"{prefix}{name.upper()}: {error['msg']}"
