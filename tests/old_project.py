# SPDX-License-Identifier: GPL-3.0-or-later
"""A project, its cache and its layers as the code of commit 22253ac left them, and what later code owes them."""

import re
import shutil
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path

from understudy.core.cache.base.key import Key
from understudy.core.cache.stores.local import PackStore

FOLDER = Path(__file__).parent / "fixtures" / "project_22253ac"

STAGES_WITH_NEW_VERSION: dict[str, tuple[int, str]] = {
    "note": (1, "it names smiles, open mouths, blinking and heads that are turned by more than 30 degrees"),
}
"""Stages whose version was raised on purpose since: the version in the fixture, and why it was raised.

A stage may have several engines, each with a version of its own: the mesh swapper has 2, the neural one 1. Meant are
those that had this version. Their old entries, and whatever names these in its key, must be misses; everything else
must be a hit. The stages are those of key texts, `fuse` and `layer` too, of which only the layers themselves are kept.
"""

STAGES_NOT_STORED = {"fuse": 6, "layer": 1}
"""The versions of the stages that are not in the packs."""
_RECOMPUTED_STAGES = ("swap", "occlude", "enhance")
_DIGEST = re.compile(r"=([0-9a-f]{64})$", re.MULTILINE)
_LABEL_REQUEST = re.compile(
    rb"(understudy layer [0-9a-f]{64} [0-9a-f]{8} composite for )[0-9a-f]{64}( \d{4}){3}"
)


def copy_project(folder: Path) -> Path:
    """Copy the project into a folder that is not there yet."""
    return Path(shutil.copytree(FOLDER, folder))


def packs(project: Path) -> dict[str, bytes]:
    """Return the content of each pack and sidecar."""
    cache = project / "understudy_cache"
    return {path.name: path.read_bytes() for path in cache.iterdir() if path.suffix in (".pack", ".idx")}


def layers(project: Path) -> dict[str, bytes]:
    """Return the content of each layer, by its path in the folder of layers."""
    folder = project / "understudy_cache" / "layers"
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*.tif"))}


def mask_label(layer: bytes) -> bytes:
    """Return a layer without what its label says it was asked to be: the rest is its key and its pixels."""
    rest, count = _LABEL_REQUEST.subn(rb"\1", layer)
    assert count == 1
    return rest


def read_entries(project: Path) -> dict:
    """Return the arrays of every entry of the cache by key text."""
    with closing(PackStore(project / "understudy_cache", read_only=True)) as store:
        texts = [entry.text for entry in store.entries()]
        return {text: store.get(Key(text)) for text in texts}


def stage_of(text: str) -> str:
    """Return the stage of a key text."""
    return re.search(r"^stage=(.*)$", text, re.MULTILINE)[1]


def version_of(text: str) -> int:
    """Return the version of the stage of a key text."""
    return int(re.search(r"^version=(.*)$", text, re.MULTILINE)[1])


def expected_misses(texts: Iterable[str]) -> tuple[set[str], set[str]]:
    """Return which key texts must be misses, and which may be.

    The first are of stages that were raised or name such a result by its digest. The others name landmarks by what
    they are, which a raised stage may or may not change.
    """
    texts = set(texts)
    must = {text for text in texts if _is_raised(text)}
    may: set[str] = set()
    while True:
        digests = {Key(text).hex for text in must}
        more = {text for text in texts - must if digests.intersection(_DIGEST.findall(text))}
        must |= more
        if not more:
            break
    if any(stage_of(text) in ("frame", "landmark") for text in must):
        may = {text for text in texts - must if "landmarks=" in text or "frame=" in text}
    return must, may


def _is_raised(text: str) -> bool:
    stage = stage_of(text)
    return stage in STAGES_WITH_NEW_VERSION and STAGES_WITH_NEW_VERSION[stage][0] == version_of(text)


def layers_stay_current(texts: Iterable[str]) -> bool | None:
    """Tell whether all layers must still be what is asked for: True. False: not all may be. None: they may be."""
    must, may = expected_misses(texts)
    if STAGES_NOT_STORED.keys() & STAGES_WITH_NEW_VERSION.keys() or any(
        stage_of(text) in _RECOMPUTED_STAGES for text in must
    ):
        return False
    return None if may else True
