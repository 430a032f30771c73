# SPDX-License-Identifier: GPL-3.0-or-later
"""One run over a clip or a project: a render, a preparation, a preview, a purge."""
