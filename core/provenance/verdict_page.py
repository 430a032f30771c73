# SPDX-License-Identifier: GPL-3.0-or-later
"""Verdicts as a page of HTML to be kept with the files or handed to somebody: no script, nothing from a network."""

import html
from collections.abc import Sequence
from datetime import datetime

from ..reporting.quoting import quote
from .verdict_text import detail_lines, state_text
from .verify import INTACT, UNMARKED, Verdict

_STYLE = """\
body { font: 15px/1.5 sans-serif; max-width: 52em; margin: 2em auto; padding: 0 1em; color: #222; background: #fff; }
h2 { font-size: 1.1em; margin: 2em 0 0; overflow-wrap: anywhere; }
p, li { overflow-wrap: anywhere; }
.intact { color: #17642b; } .other { color: #a11; } .unmarked { color: #7a5600; }
footer { margin-top: 3em; color: #555; font-size: 0.9em; }
"""
_FOOTER = (
    "An XMP mark and a JSON file beside the output are not signed: they show a change, and not who made the file. "
    "A C2PA manifest is signed: it shows that no byte was changed since, and is worth as much as the signer's "
    "certificate. No mark shows that the people who are seen have consented."
)


def verdict_page(verdicts: Sequence[Verdict], digests: Sequence[str], program: str, time: datetime) -> str:
    """Return a page that says what the marks of files say.

    Parameters
    ----------
    verdicts : sequence of Verdict
        What was found.
    digests : sequence of str
        The hex SHA-256 of each file; empty where it can't be read.
    program : str
        What checked them.
    time : datetime.datetime
        When.

    Returns
    -------
    str
        HTML.
    """
    parts = [_part(verdict, digest) for verdict, digest in zip(verdicts, digests, strict=True)]
    checked = f"Checked by {program} on {time.isoformat(sep=' ', timespec='seconds')}."
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">"
        f"<title>What was done to {len(verdicts)} files</title><style>{_STYLE}</style></head><body>\n"
        f"<h1>What was done to these files</h1>\n<p>{_text(checked)}</p>\n{''.join(parts)}"
        f"<footer><p>{_text(_FOOTER)}</p></footer>\n</body></html>\n"
    )


def _part(verdict: Verdict, digest: str) -> str:
    kind = {INTACT: "intact", UNMARKED: "unmarked"}.get(verdict.state, "other")
    lines = [f"SHA-256 of the file: {digest}"] if digest else []
    lines += [] if verdict.problem else detail_lines(verdict, shortened=False)
    items = "".join(f"<li>{_text(line)}</li>" for line in lines)
    name, state = _text(verdict.path.name), _text(state_text(verdict))
    return f'<h2>{name}</h2>\n<p class="{kind}">{state}</p>\n<ul>{items}</ul>\n'


def _text(value: str) -> str:
    return html.escape(quote(value), quote=True)
