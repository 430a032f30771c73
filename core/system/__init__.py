# SPDX-License-Identifier: GPL-3.0-or-later
"""The machine and its user: limits of memory, the user's own folders, the folders that the user trusts."""
