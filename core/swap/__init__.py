# SPDX-License-Identifier: GPL-3.0-or-later
"""Put another person's look onto a target crop."""
