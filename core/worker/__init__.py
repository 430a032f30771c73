# SPDX-License-Identifier: GPL-3.0-or-later
"""The process that prepares layers beside an editor: `python -m understudy.core.worker`."""
