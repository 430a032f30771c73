# SPDX-License-Identifier: GPL-3.0-or-later
"""Make the embedded models: take MediaPipe's TensorFlow Lite files from its wheel and write them as ONNX."""
