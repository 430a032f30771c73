# SPDX-License-Identifier: GPL-3.0-or-later
"""`python -m understudy.core.cli`: the command line where no script of that name is installed."""

import sys

from .main import main

if __name__ == "__main__":
    sys.exit(main())
