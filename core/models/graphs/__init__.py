# SPDX-License-Identifier: GPL-3.0-or-later
"""Optimized graphs: what ONNX Runtime makes of a large model for this processor, kept in the user's own cache."""
