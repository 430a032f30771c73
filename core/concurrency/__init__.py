# SPDX-License-Identifier: GPL-3.0-or-later
"""Run work ahead or with a deadline."""
