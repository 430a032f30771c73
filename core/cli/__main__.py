# SPDX-License-Identifier: GPL-3.0-or-later
"""`python -m understudy.core.cli`: the command line where no script of that name is installed."""

import sys

from .start import start

if __name__ == "__main__":
    sys.exit(start())
