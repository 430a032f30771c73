# SPDX-License-Identifier: GPL-3.0-or-later
"""What stands in for a layer image that was not made: one transparent pixel."""

# A PNG whatever its file is called; no plan takes it for up to date.
PLACEHOLDER = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010806000000"
    "1f15c4890000000a49444154081d6300010000050001"
    "8a6dbc200000000049454e44ae426082"
)
