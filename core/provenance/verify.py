# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a file says what was done to it, and whether it is still the file that was made."""

import io
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ..errors import OutputError, os_error_reason
from ..filesystem import open_input
from .facts import CompositeFacts, facts_from
from .manifest import ManifestReading, has_manifest_library, read_manifest
from .mark_file import can_hold_mark, scan_marks
from .scan import MarkScan
from .sidecar import FACTS, file_digest, read_sidecar
from .xmp import PacketReading, read_packet

INTACT, CHANGED, UNMARKED, UNREADABLE = "intact", "changed", "unmarked", "unreadable"


@dataclass(frozen=True)
class Verdict:
    """What was found of one file.

    Attributes
    ----------
    path : pathlib.Path
        The file.
    problem : str
        Why it can't be read; empty where it can.
    packet : PacketReading or None
        Its XMP, where that is ours.
    manifest : ManifestReading or None
        Its C2PA manifest, where there is one and a library that reads it.
    manifest_problem : str
        Why a manifest that is there was not checked.
    sidecar : mapping of str
        The entries of the file beside it.
    sidecar_matches : bool or None
        Whether the file's hash is the one that is stated beside it; None where none is.
    is_of_sequence : bool
        Whether the file beside it is that of an image sequence: of a single image without a mark it says nothing.
    """

    path: Path
    problem: str = ""
    packet: PacketReading | None = None
    manifest: ManifestReading | None = None
    manifest_problem: str = ""
    sidecar: Mapping[str, object] | None = None
    sidecar_matches: bool | None = None
    is_of_sequence: bool = False

    @property
    def state(self) -> str:
        """`INTACT`, `CHANGED`, `UNMARKED` or `UNREADABLE`."""
        if self.problem:
            return UNREADABLE
        checks = [
            None if self.packet is None else self.packet.is_intact,
            None if self.manifest is None else self.manifest.is_intact,
            self.sidecar_matches,
        ]
        if False in checks:
            return CHANGED
        return INTACT if True in checks else UNMARKED

    @property
    def facts(self) -> CompositeFacts | None:
        """What was done, by the mark that proves most."""
        if self.manifest is not None and self.manifest.facts is not None:
            return self.manifest.facts
        if self.packet is not None:
            return self.packet.facts
        said = (self.sidecar or {}).get(FACTS)
        return facts_from(said) if isinstance(said, dict) else None

    @property
    def consent(self) -> str:
        """By what right, as the file beside it says; empty where nothing says it."""
        said = (self.sidecar or {}).get("consent")
        return said if isinstance(said, str) else ""

    def as_dict(self) -> dict[str, object]:
        """Return plain values for JSON."""
        facts, manifest = self.facts, self.manifest
        return {
            "file": str(self.path),
            "state": self.state,
            "problem": self.problem,
            "facts": None if facts is None else facts.as_dict(),
            "digital_source_type": None if facts is None else facts.digital_source_type,
            "consent": self.consent,
            "xmp": None if self.packet is None else {"intact": self.packet.is_intact},
            "c2pa": None
            if manifest is None
            else {
                "intact": manifest.is_intact,
                "trusted": manifest.is_trusted,
                "signer": manifest.signer,
                "time": manifest.time,
                "problems": list(manifest.problems),
                "history": [past.as_dict() for past in manifest.history],
            },
            "c2pa_problem": self.manifest_problem,
            "sidecar": None if not self.sidecar else {"matches": self.sidecar_matches},
        }


def verify_file(path: Path) -> Verdict:
    """Return what a file's marks say, and whether they hold. The file may come from anyone: nothing is raised."""
    if path.is_dir():
        return Verdict(path, problem="it is a folder: name the files in it")
    try:
        open_input(path).close()
        sidecar = read_sidecar(path)
        matches = file_digest(path) == sidecar.digest if sidecar.digest else None
        scan = scan_marks(path) if can_hold_mark(path.name) else MarkScan(b"", has_manifest=False, content="")
        manifest, manifest_problem = None, ""
        if scan.has_manifest:
            manifest, manifest_problem = _read_manifest(path)
    except OSError as error:
        return Verdict(path, problem=f"it can't be read: {os_error_reason(error).lower()}")
    except OutputError as error:
        return Verdict(path, problem=str(error))
    return Verdict(
        path,
        packet=read_packet(scan.packet, scan.content),
        manifest=manifest,
        manifest_problem=manifest_problem,
        sidecar=sidecar.values,
        sidecar_matches=matches,
        is_of_sequence=sidecar.is_of_sequence,
    )


def _read_manifest(path: Path) -> tuple[ManifestReading | None, str]:
    if not has_manifest_library():
        return None, "this Python has no c2pa-python"
    try:
        with io.BufferedReader(open_input(path)) as file:
            return read_manifest(file, path.name), ""
    except OutputError:
        # There is one, and it can't be read: the file is not as it was signed.
        unreadable = ManifestReading(
            is_intact=False,
            is_trusted=False,
            signer="",
            time="",
            facts=None,
            problems=("manifest.unreadable",),
        )
        return unreadable, ""
