# SPDX-License-Identifier: GPL-3.0-or-later
"""The value types of a face."""
