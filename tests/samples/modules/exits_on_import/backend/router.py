"""Takes the process down."""

import os

os._exit(3)
