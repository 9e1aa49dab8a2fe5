"""`python -m manager`: the command line without an installed script."""

import sys

from manager.cli import main

if __name__ == "__main__":
    sys.exit(main())
