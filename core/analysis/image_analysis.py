# SPDX-License-Identifier: GPL-3.0-or-later
"""The faces of an image of a person: looked for as for clips, as a recipe says, and then with more effort."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from ..cache.base.store import Store
from ..media.clip import Clip
from ..recipe import Detect, Embed, Recipe
from .analyser import Analyser, Analysis
from .track import match_faces

_MARGINS_PERCENT = (20.0, 50.0, 100.0)
_MIN_SCORE = 0.75
"""Of what is found with a margin: on the reference portraits faces have .76 and more, a dog's .65."""


@dataclass(frozen=True, eq=False)
class ImageAnalysis:
    """The faces of an image, and how they were looked for."""

    analysis: Analysis
    detect: Detect
    """With it `Analyser.analysis` finds these faces again."""


def analyse_image(analyser: Analyser, clip: Clip, detect: Detect, face_number: int = 0) -> ImageAnalysis:
    """Find the faces of an image; none where no attempt finds one.

    Where the default settings find one face, and no other is asked for by its number from the left, that is it: its
    results are kept under the same keys for every recipe. Else what the settings of a recipe find counts, unless these
    are the same faces. Where neither finds a face, margins are put around the image, and it is turned.

    Parameters
    ----------
    analyser : Analyser
        Finds the faces of frames.
    clip : Clip
        The image, as a clip of one frame.
    detect : Detect
        The recipe's settings.
    face_number : int
        Which face is asked for, from 1 on the left; 0 for none in particular.

    Returns
    -------
    ImageAnalysis
        The faces, and how they were looked for.

    Raises
    ------
    ClipError
        The image can't be read.
    ModelError
        A network can't be run.
    """
    plain, wanted = Detect(), detect.for_image()
    first = _attempt(analyser, clip, plain)
    if len(first.analysis.faces) == 1 and face_number <= 1:
        return first
    if wanted != plain:
        second = _attempt(analyser, clip, wanted)
        if second.analysis.faces and not _has_same_faces(first.analysis, second.analysis):
            return second
    if first.analysis.faces:
        return first
    for settings in _further_settings(wanted):
        further = _attempt(analyser, clip, settings)
        if further.analysis.faces:
            return further
    return first


def has_image_analysis(analyser: Analyser, clip: Clip, store: Store) -> bool:
    """Tell whether a store has what `analyse_image` finds first. Raises ClipError, ModelError."""
    return analyser.keys(clip, 0, _recipe(Detect()))[1] in store


def _attempt(analyser: Analyser, clip: Clip, detect: Detect) -> ImageAnalysis:
    return ImageAnalysis(analyser.analysis(clip, 0, _recipe(detect)), detect)


def _recipe(detect: Detect) -> Recipe:
    # Not the recipe's recogniser: what it says of a face has no part in finding it.
    return Recipe(detect=detect, embed=Embed())


def _further_settings(wanted: Detect) -> Iterator[Detect]:
    for base in dict.fromkeys((wanted, Detect())):
        for margin in _MARGINS_PERCENT:
            yield replace(base, angles="all", margin=margin, score=max(base.score, _MIN_SCORE))


def _has_same_faces(one: Analysis, other: Analysis) -> bool:
    matched = match_faces(one.faces, other.faces)
    return len(one.faces) == len(other.faces) and None not in matched
