# SPDX-License-Identifier: GPL-3.0-or-later
"""Places that machines share: a folder on a NAS or a Redis server, with leases and circuit breakers."""
