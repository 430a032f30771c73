# SPDX-License-Identifier: GPL-3.0-or-later
"""Look into a cache: explain, verify, statistics, import and export."""
