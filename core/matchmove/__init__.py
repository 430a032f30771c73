# SPDX-License-Identifier: GPL-3.0-or-later
"""A clip's faces as moving geometry, for work that is done on them elsewhere."""
