# SPDX-License-Identifier: GPL-3.0-or-later
"""The variables that a job may set for its tasks: Understudy's own, and no other program's."""

import re

VARIABLE_NAME = re.compile(r"UNDERSTUDY_[A-Z0-9_]+\Z")
