# SPDX-License-Identifier: GPL-3.0-or-later
"""What every part of the cache shares: keys, values, the stores' contract and counts."""
