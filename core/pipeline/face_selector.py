# SPDX-License-Identifier: GPL-3.0-or-later
"""Which person of a clip is replaced, and whether the pictures of who plays the part will do."""

import numpy as np

from ..analysis.analyser import Analyser
from ..analysis.attributes import asks_for_attributes, fitting
from ..analysis.face_tracker import Tracks
from ..analysis.quality import faults
from ..analysis.recognisers.contract import Vectors
from ..analysis.select import left_to_right, selected
from ..analysis.stabilise import Seen, identities, mean_attributes
from ..analysis.track import same_faces
from ..errors import RecipeError
from ..geometry.mesh_topology import Topology
from ..media.clip import Clip
from ..recipe import Recipe
from ..recipe.request import Casting, Identity
from ..reporting.stage_counts import Tally
from ..swap.source import Sources

_SURELY_ALIKE = 0.7
"""Of the built-in description: above, hardly ever somebody else, where nobody else is there to compare with."""


class People:
    """Knows people in a clip and in pictures."""

    def __init__(
        self, clips: Analyser, pictures: Analyser, sources: Sources, topology: Topology, tally: Tally
    ) -> None:
        """`clips` analyses clips, `pictures` and `sources` the pictures of people; warnings go to `tally`."""
        self._clips = clips
        self._tracks = Tracks(clips)
        self._pictures = pictures
        self._sources = sources
        self._topology = topology
        self._tally = tally

    def warn_of_poor_pictures(self, casting: Casting) -> None:
        """Name pictures that show too little of who plays the part, and those that seem to show somebody else.

        Raises PictureError if a picture can't be used at all.
        """
        pictures = casting.identity.pictures
        if not pictures:
            return
        for picture, shown in zip(pictures, self._sources.seen(casting.identity), strict=True):
            poor = faults(self._pictures.frame(shown.clip, 0), shown.face, self._topology)
            if poor:
                self._tally.warn(f"{picture.path.name} is a poor source: its face is {'; '.join(poor)}")
        if casting.recipe.embed.recogniser == "mesh" or len(pictures) == 1:
            return
        shown_by = self._described(casting.identity, casting.recipe)
        likeness = shown_by.likeness(shown_by)[0]
        for picture, like_the_first in zip(pictures[1:], likeness[1:], strict=True):
            if like_the_first < shown_by.space.least_likeness:
                self._tally.warn(
                    f"{picture.path.name} seems to show somebody else than {pictures[0].path.name}: "
                    "use pictures of one person"
                )

    def chosen(self, clip: Clip, number: int, casting: Casting, here: Seen) -> list[int]:
        """Return the indices of the faces of a frame that are replaced. Raises RecipeError, PictureError."""
        recipe = casting.recipe
        among = None
        if asks_for_attributes(recipe.select):
            among = fitting(mean_attributes(self._clips, clip, number, recipe, here), recipe.select)
        if recipe.select.which == "track":
            tracked = self._tracked(clip, number, recipe, here)
            among = tracked if among is None else [index for index in tracked if index in among]
        if recipe.select.which != "reference":
            return selected(here.faces, recipe.select, among=among)
        if casting.replaced:
            meant, others = self._by_pictures(casting), None
        else:
            meant, others = self._picked(clip, recipe)
        seen = Vectors(identities(self._clips, clip, number, recipe, here), here.space)
        alike = seen.likeness(meant)[:, 0]
        strangers = seen.likeness(others).max(1) if others is not None and len(others.rows) else None
        chosen = selected(here.faces, recipe.select, alike, here.space.least_likeness, strangers, among)
        alone = recipe.embed.recogniser == "mesh" and strangers is None
        if alone and any(alike[index] < _SURELY_ALIKE for index in chosen):
            self._tally.warn(
                f"in {clip.info.path.name} a face is replaced that is only a little like the one that was picked: "
                "shape and look alone don't tell people apart across cuts. Name who is not meant (select.others), "
                "or set embed.recogniser to a network's"
            )
        return chosen

    def _tracked(self, clip: Clip, number: int, recipe: Recipe, here: Seen) -> list[int]:
        """Return the index of the face that was picked and followed from there, if it is seen in this frame."""
        frame, picked = recipe.select.reference_frame, recipe.select.reference_face
        _, place = self._face_at(clip, frame, picked, recipe, "reference_face")
        index, last_seen = self._tracks.face_at(clip, number, recipe, (frame, place))
        if index is None and last_seen is not None:
            # The analysis has missed it; among the faces here it is one that was filled in.
            known = len(self._clips.analysis(clip, number, recipe).faces)
            nearest = same_faces([last_seen], here.faces[known:])[0]
            index = None if nearest is None else known + nearest
        return [] if index is None else [index]

    def _by_pictures(self, casting: Casting) -> Vectors:
        """Return the mean vector (1, d) of the pictures of who is replaced."""
        if casting.recipe.embed.recogniser == "mesh":
            raise RecipeError(
                "to find a person by a picture a recogniser is needed: set embed.recogniser to arcface, ghostface, "
                "sface or mobileface"
            )
        return self._described(Identity(casting.replaced), casting.recipe).mean()

    def _picked(self, clip: Clip, recipe: Recipe) -> tuple[Vectors, Vectors]:
        """Return the vector (1, d) of the face that was picked, and those (m, d) of people who are not meant.

        These are the others in the reference frame, and whom `select.others` names.
        """
        frame, number = recipe.select.reference_frame, recipe.select.reference_face
        picked, place = self._face_at(clip, frame, number, recipe, "reference_face")
        others = [np.delete(picked.rows, place, 0)]
        for there, face in _spots(recipe.select.others):
            seen, which = self._face_at(clip, there, face, recipe, "others")
            others.append(seen.rows[which : which + 1])
        meant = Vectors(picked.rows[place : place + 1], picked.space)
        return meant, Vectors(np.concatenate(others), picked.space)

    def _face_at(
        self, clip: Clip, frame: int, number: int, recipe: Recipe, parameter: str
    ) -> tuple[Vectors, int]:
        """Return the vectors (n, d) of a frame's faces, and the index of the one that is `number`th from the left."""
        analysis = self._clips.analysis(clip, frame, recipe)
        ordered = left_to_right(analysis.faces)
        if number >= len(ordered):
            raise RecipeError(
                f"frame {frame} of {clip.info.path.name} has {len(ordered)} faces, so select.{parameter} can't be "
                f"{number}: pick the person in a frame that shows them"
            )
        return Vectors(analysis.embeddings, analysis.space), ordered[number]

    def _described(self, identity: Identity, recipe: Recipe) -> Vectors:
        """Return a vector (n, d) for each picture of a person."""
        analyses = [
            (self._pictures.analysis(shown.clip, 0, Recipe(embed=recipe.embed)), shown.index)
            for shown in self._sources.seen(identity)
        ]
        rows = [analysis.embeddings[index] for analysis, index in analyses]
        return Vectors(np.asarray(rows, np.float32), analyses[0][0].space)


def _spots(text: str) -> list[tuple[int, int]]:
    """Read pairs such as `90:0 204:1`. Raises RecipeError."""
    try:
        pairs = [(int(frame), int(face)) for frame, face in (word.split(":") for word in text.split())]
        if all(frame >= 0 and face >= 0 for frame, face in pairs):
            return pairs
    except ValueError:
        pass
    raise RecipeError(f"select.others is written frame:face, such as 90:0 204:1, not {text!r}")
