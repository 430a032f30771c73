# SPDX-License-Identifier: GPL-3.0-or-later
"""The same fusion as `fuse.fuse_crop`, as one ONNX graph that a graphics processor runs; equal within 1/255.

Clips of more than 8 bits, and of light, have a graph of their own, in floats: equal within a 16th of that.
"""
