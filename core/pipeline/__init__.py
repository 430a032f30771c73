# SPDX-License-Identifier: GPL-3.0-or-later
"""Plan and execute the stages from a clip's frame to a layer."""
