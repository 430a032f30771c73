# SPDX-License-Identifier: GPL-3.0-or-later
"""The live preview in the sequencer."""
