# SPDX-License-Identifier: GPL-3.0-or-later
"""The XMP packet that says what was done: in IPTC's terms for every reader, and in full for `understudy verify`.

A seal in it is the hash of the file's content and of the packet itself, so that a changed byte of either is found.
It is no signature: who changes a file on purpose can seal it again. A C2PA manifest is signed.
"""

import hashlib
import html
import re
from dataclasses import dataclass

from ..errors import OutputError
from .facts import COMPOSITE_TEXT, NEURAL, CompositeFacts, facts_from_json

MAX_PACKET_BYTES = 1 << 20
"""A larger packet is none of ours, and nothing is added to it."""
NAMESPACE = "urn:understudy:provenance:1#"
_NO_SEAL = "0" * 64
_SEAL = re.compile(rb'understudy:Seal="([0-9a-f]{64})"')
_RECORD = re.compile(r'understudy:Record="([^"<]*)"')
_END = b"</rdf:RDF>"
_HEAD = '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>\n'
_FRAME = (
    '<x:xmpmeta xmlns:x="adobe:ns:meta/">\n'
    '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">\n'
    "{description}"
    "</rdf:RDF>\n</x:xmpmeta>\n"
)
_TAIL = '<?xpacket end="w"?>'


@dataclass(frozen=True)
class PacketReading:
    """What a packet says."""

    facts: CompositeFacts
    is_intact: bool
    """Whether the packet and the content that it was made for are as they were."""


def xmp_packet(facts: CompositeFacts, content: str, other: bytes = b"") -> bytes:
    """Return a packet that says what was done.

    Parameters
    ----------
    facts : CompositeFacts
        What was done.
    content : str
        The hash of the file's content besides its marks.
    other : bytes
        A packet that the file has already: what it says is kept.

    Returns
    -------
    bytes
        UTF-8 text.

    Raises
    ------
    OutputError
        The file's own packet is none that can be added to.
    """
    description = _description(facts)
    if not other:
        text = _HEAD + _FRAME.format(description=description) + _TAIL
        return _seal(text.encode(), content)
    place = other.rfind(_END)
    if len(other) > MAX_PACKET_BYTES or place < 0 or other.count(_END) > 1 or _SEAL.search(other):
        raise OutputError("its XMP can't be added to; write it without metadata")
    return _seal(other[:place] + description.encode() + other[place:], content)


def read_packet(packet: bytes, content: str) -> PacketReading | None:
    """Return what a packet says, by the hash of its file's content now; None where it has no record of ours."""
    if len(packet) > MAX_PACKET_BYTES:
        return None
    seal = _SEAL.search(packet)
    record = _RECORD.search(packet.decode("utf-8", "replace"))
    if seal is None or record is None:
        return None
    facts = facts_from_json(html.unescape(record[1]))
    if facts is None:
        return None
    blank = packet[: seal.start(1)] + _NO_SEAL.encode() + packet[seal.end(1) :]
    return PacketReading(facts, _digest(blank, content).encode() == seal[1])


def _seal(packet: bytes, content: str) -> bytes:
    blank = packet.replace(b'understudy:Seal=""', f'understudy:Seal="{_NO_SEAL}"'.encode())
    return blank.replace(
        f'understudy:Seal="{_NO_SEAL}"'.encode(), f'understudy:Seal="{_digest(blank, content)}"'.encode()
    )


def _digest(blank_packet: bytes, content: str) -> str:
    return hashlib.sha256(content.encode() + b"\n" + blank_packet).hexdigest()


def _description(facts: CompositeFacts) -> str:
    name, _, version = facts.software.partition(" ")
    attributes = {
        "xmp:CreatorTool": facts.software,
        "Iptc4xmpExt:DigitalSourceType": facts.digital_source_type,
        "understudy:Record": facts.as_json(),
        "understudy:Seal": "",
    }
    if facts.engine == NEURAL:
        attributes |= {"Iptc4xmpExt:AISystemUsed": name}
        attributes |= {"Iptc4xmpExt:AISystemVersionUsed": version} if version else {}
    text = html.escape(COMPOSITE_TEXT, quote=False)
    lines = "".join(f" {key}={_quote_attribute(value)}\n" for key, value in attributes.items())
    return (
        '<rdf:Description rdf:about=""\n'
        ' xmlns:dc="http://purl.org/dc/elements/1.1/"\n'
        ' xmlns:xmp="http://ns.adobe.com/xap/1.0/"\n'
        ' xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/"\n'
        f' xmlns:understudy="{NAMESPACE}"\n'
        f"{lines}>\n"
        f'<dc:description><rdf:Alt><rdf:li xml:lang="x-default">{text}</rdf:li></rdf:Alt>'
        "</dc:description>\n"
        "</rdf:Description>\n"
    )


def _quote_attribute(value: str) -> str:
    """Return a value in double quotes, whatever quotes are in it."""
    # As xml.sax.saxutils has it, which loads urllib, http and ssl.
    text = html.escape(value, quote=False).replace('"', "&quot;")
    return '"' + text.translate({9: "&#9;", 10: "&#10;", 13: "&#13;"}) + '"'
