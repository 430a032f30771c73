# SPDX-License-Identifier: GPL-3.0-or-later
"""Keep every stage's result under the fingerprint of its inputs."""
