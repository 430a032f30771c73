# SPDX-License-Identifier: GPL-3.0-or-later
"""Text from files and from other machines, made safe to show: in a terminal, a log, a panel."""

import unicodedata

# Letters that turn the direction of the text around them: what is read is then not what is there. Unicode's
# report 36, "Bidirectional Text Spoofing".
_DIRECTION_CONTROLS = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_ESCAPED_CATEGORIES = ("Cc", "Cs", "Zl", "Zp", "Co", "Cn")
_MAX_CHARACTERS = 2000


def quote(text: object, max_length: int = _MAX_CHARACTERS) -> str:
    r"""Return a text in one line that says only what it shows.

    Control characters, escapes, line breaks, marks of direction and what is no character are written out, as
    `\n` or `\x1b`. Of a longer text than `max_length` characters the beginning is returned.
    """
    whole = str(text)
    shown = whole if len(whole) <= max_length else whole[: max_length - 1] + "…"
    if shown.isascii() and shown.isprintable():
        return shown
    return "".join(_escape(sign) for sign in shown)


def _escape(sign: str) -> str:
    if sign in _DIRECTION_CONTROLS or unicodedata.category(sign) in _ESCAPED_CATEGORIES:
        return sign.encode("unicode_escape").decode("ascii")
    return sign
