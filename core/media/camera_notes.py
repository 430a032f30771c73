# SPDX-License-Identifier: GPL-3.0-or-later
"""What cameras and recorders note in a movie of the logarithmic color space that it is in.

The color tags of the video stream have no numbers for these spaces. Notes are read of:

- Apple, and apps on its phones: the atom `logs` of the video track (CoreMedia's LogTransferFunction), or the key
  `com.apple.proapps.customgamma`;
- ARRI: `com.arri.camera.ColorGammaSxS`;
- Atomos: `com.atomos.hdr.gamma` and `.gamut`;
- Blackmagic Design: the same key as Apple's, where `com.blackmagic-design.camera.colorScience` says generation 5;
- Panasonic and Sony: the XML with CaptureGamma or CaptureGammaEquation that is in the file.
"""

import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from ..filesystem import open_input
from .movie_boxes import iterate_boxes

_NOTE_BOXES = (b"moov", b"meta")
_MAX_NOTE_BYTES = 1 << 25
"""Of a box that is looked through; the index of a movie of hours has a few million bytes."""
_LOGS = re.compile(rb"logs(com\.apple\.[a-z0-9.-]{1,64})")
_GAMMA = re.compile(rb'<CaptureGamma>([^<]{1,32})<|"CaptureGammaEquation"\s+value="([^"]{1,32})"')
_GAMUT = re.compile(rb'<CaptureGamut>([^<]{1,32})<|"CaptureColorPrimaries"\s+value="([^"]{1,32})"')

_APPLE_SPACES = {
    "com.apple.rec2020.apple-log": "Apple Log",
    "com.apple.apple-wide-gamut.apple-log": "Apple Log 2",
}
_CAPTURE_SPACES = {
    ("vlog", "vgamut"): "V-Log V-Gamut",
    ("vlogl", "vgamut"): "V-Log V-Gamut",
    ("slog3", "sgamut3"): "S-Log3 S-Gamut3",
    ("slog3", "sgamut3cine"): "S-Log3 S-Gamut3.Cine",
    ("slog3cine", "sgamut3cine"): "S-Log3 S-Gamut3.Cine",
}
"""By what is noted of the curve and of the primaries, in small letters and digits."""


def camera_space(path: Path, tags: Mapping[str, str]) -> str:
    """Return the name of the logarithmic color space that a movie is in by the notes in it.

    Parameters
    ----------
    path : pathlib.Path
        The movie.
    tags : mapping of str to str
        What FFmpeg gives as the metadata of its container.

    Returns
    -------
    str
        As in `LOG_SPACES`; empty where there is no such note, or where it names another one.
    """
    return _space_of_tags({key.lower(): value for key, value in tags.items()}) or _space_of_boxes(path)


def _space_of_tags(tags: Mapping[str, str]) -> str:
    gamma = tags.get("com.apple.proapps.customgamma", "").strip().lower()
    if gamma in _APPLE_SPACES:
        return _APPLE_SPACES[gamma]
    science = _plain(tags.get("com.blackmagic-design.camera.colorscience", ""))
    if gamma.startswith("com.blackmagic-design.") and gamma.endswith(".filmlog") and "gen5" in science:
        return "BMDFilm WideGamut Gen5"
    if _plain(tags.get("com.arri.camera.colorgammasxs", "")) == "logc":
        return "ARRI LogC3 (EI800)"
    return _capture_space(tags.get("com.atomos.hdr.gamma", ""), tags.get("com.atomos.hdr.gamut", ""))


def _space_of_boxes(path: Path) -> str:
    """Return the space that is named in the boxes of an MP4 or MOV file; empty for other files."""
    try:
        for data in _note_boxes(path):
            logs = _LOGS.search(data)
            if logs is not None:
                return _APPLE_SPACES.get(logs[1].decode(), "")
            gamma, gamut = _GAMMA.search(data), _GAMUT.search(data)
            if gamma is not None and gamut is not None:
                return _capture_space(*((note[1] or note[2]).decode("latin-1") for note in (gamma, gamut)))
    except OSError:  # gone or unreadable, which is said where its frames are read
        pass
    return ""


def _note_boxes(path: Path) -> Iterator[bytes]:
    with open_input(path) as file:
        for box in iterate_boxes(file, os.fstat(file.fileno()).st_size):
            if box.kind in _NOTE_BOXES:
                file.seek(box.start)
                yield file.read(min(box.end - box.start, _MAX_NOTE_BYTES)) or b""


def _capture_space(gamma: str, gamut: str) -> str:
    return _CAPTURE_SPACES.get((_plain(gamma), _plain(gamut)), "")


def _plain(note: str) -> str:
    return "".join(sign for sign in note.lower() if sign.isalnum())
