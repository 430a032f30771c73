# SPDX-License-Identifier: GPL-3.0-or-later
"""What scanning a long clip costs whose analysis is kept."""
