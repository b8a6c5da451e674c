"""What the host calls in this module; who the module is stands in module.json."""

from .config import SampleModuleConfig
from .services.health import check

config_schema = SampleModuleConfig
health_check = check
