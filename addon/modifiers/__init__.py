# SPDX-License-Identifier: GPL-3.0-or-later
"""The stack of Face Swap modifiers of a strip."""
