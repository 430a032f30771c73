# SPDX-License-Identifier: GPL-3.0-or-later
"""Records of who consented to what, until when, and by which evidence. Nothing of them enters keys or logs."""
