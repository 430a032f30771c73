# SPDX-License-Identifier: GPL-3.0-or-later
"""Find faces, their landmarks, pose and identity, and follow them through a clip."""
