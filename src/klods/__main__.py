"""`python -m klods` is the klods command."""

import sys

from klods.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
