# SPDX-License-Identifier: GPL-3.0-or-later
"""The panels: they draw properties and operators, and compute nothing."""
