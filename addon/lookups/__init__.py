# SPDX-License-Identifier: GPL-3.0-or-later
"""Cache queries in the background for the panels."""
