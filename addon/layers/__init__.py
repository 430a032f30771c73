# SPDX-License-Identifier: GPL-3.0-or-later
"""Layer strips, kept in sync with the strips below them."""
