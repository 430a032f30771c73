# SPDX-License-Identifier: GPL-3.0-or-later
"""Casting sheets: several people, or several values of a setting, side by side in the frames that tell most."""
