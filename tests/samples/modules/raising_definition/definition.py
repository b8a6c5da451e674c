"""A definition that cannot be run."""

import json

limits = json.loads("{")
