"""What can be set for this module: on its page, or in the environment as MODULES__SAMPLE_MODULE__<NAME>."""

from pydantic import BaseModel, Field


class SampleModuleConfig(BaseModel):
    """The configuration, with its limits; a value outside of them is refused when it is written."""

    per_page: int = Field(default=25, ge=1, le=200, description="Items on one page of a list")
