# SPDX-License-Identifier: GPL-3.0-or-later
"""Who replaces whom in a clip, and how."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import date
from hashlib import sha256
from operator import itemgetter
from pathlib import Path

from ..errors import FaceImageError, FaceNumberError
from . import Recipe
from .frame_ranges import Dismissal, Exclusion, Hold, visibility_at
from .landmark_edits import LandmarkEdit, landmark_edits_in_frame
from .redetection import Redetection, with_redetection
from .roto_text import keyframes_around

MAX_FORM_LETTERS = 1 << 20
"""No `SwapRequest.target_forms` is longer."""


@dataclass(frozen=True)
class FaceImage:
    """An image of a person.

    Attributes
    ----------
    path : pathlib.Path
        A PNG, JPEG, TIFF, BMP or WebP file.
    face_number : int
        Which face it is, counted from the left from 1; 0 where the image shows only one.
    """

    path: Path
    face_number: int = 0

    def face_index(self, count: int) -> int:
        """Return which face of the image is meant.

        Parameters
        ----------
        count : int
            How many faces the image shows.

        Returns
        -------
        int
            The face's place from the left, counted from 0.

        Raises
        ------
        FaceImageError
            If there is no face.
        FaceNumberError
            If there are several and none is chosen, or there is none of that number.
        """
        name = self.path.name
        if not count:
            raise FaceImageError(f"no face was found in {name}: use an image that shows one face clearly")
        if self.face_number == 0 and count > 1:
            raise FaceNumberError(
                f"{name} shows {count} faces: choose one by its number from the left, 1 to {count}"
            )
        if self.face_number > count:
            raise FaceNumberError(f"{name} has no face number {self.face_number}: it shows {count}")
        return max(self.face_number, 1) - 1


@dataclass(frozen=True)
class Identity:
    """The person whose face is put into the clip.

    Attributes
    ----------
    images : tuple of FaceImage
        At least one image of the person. Without shape the first matters most and the others fill what it hides; with
        it the best ones matter most, in any order.
    name : str
        The person's name.
    consent : str
        By what right this likeness is used, in the user's words.
    consent_until : datetime.date or None
        The last day on which that holds; None where it has no end. No key and no digest has it.
    """

    images: tuple[FaceImage, ...]
    name: str = ""
    consent: str = ""
    consent_until: date | None = field(default=None, repr=False)


def forms_origin(stamp: str, recipe: Recipe) -> str:
    """Return what forms are learned from: the clip with this stamp, as a recipe sees faces. 64 hex digits."""
    return sha256(repr((stamp, recipe.detect, recipe.landmark, recipe.embed)).encode()).hexdigest()


def has_forms_origin(target_forms: str, origin: str) -> bool:
    """Tell whether a `SwapRequest.target_forms` was learned from what `forms_origin` named so."""
    return target_forms.partition(":")[2].startswith(f"{origin}:")


@dataclass(frozen=True)
class SwapRequest:
    """Who replaces whom, and how: what one Face Swap modifier holds.

    Attributes
    ----------
    identity : Identity
        The person whose face is put into the clip.
    recipe : Recipe
        Which faces are replaced, and how.
    target_references : tuple of FaceImage
        Images of the person who is replaced, for `select.which=reference`; none to pick them in the clip.
    modifier : str
        The modifier's name, by which messages say what is at fault. No key and no digest has it.
    target_forms : str
        The forms of people who are replaced, as a session learned them; empty to learn them from the clip. With shape
        above 0 a person who is among them has that form, whatever else the clip shows.
    exclusions : tuple of Exclusion
        Frames that keep the original face. They count where `requests_in_frame` asks for a frame, as the opacity that
        is left there: no key and no digest has them as such.
    holds : tuple of Hold
        Frames whose points are carried from the frames around the range. Keys have the points that come of it, and the
        digests of these frames have the range; those of other frames do not.
    landmark_edits : tuple of LandmarkEdit
        Corrections of faces' landmarks, and faces that a person placed. Keys have the points that come of it, and the
        digests of these frames have what is done there; those of other frames have nothing of it.
    roto : str
        Masks drawn by hand, as `roto_text.parse_roto` reads them; empty without. Keys have what they are in a frame.
    redetections : tuple of Redetection
        Frames whose faces are looked for with other settings. Keys and digests of these frames have the settings;
        those of other frames do not.
    dismissals : tuple of Dismissal
        Frames that a scan does not flag. No key, no digest and no comparison has them: they change no image.
    elsewhere : tuple of (int, SwapRequest)
        Only of what `in_frame` returns: what is asked for in other frames whose faces count in this one, where that
        is not the same: keyframes of masks that go with the face.
    hold_sides : tuple of (int, SwapRequest)
        Only of what `in_frame` returns: the same of the frames beside a hold. They have the corrections that count
        there, but for those that count in this frame as well: these move the points that are carried here.
    """

    identity: Identity
    recipe: Recipe = field(default_factory=Recipe)
    target_references: tuple[FaceImage, ...] = ()
    modifier: str = field(default="", repr=False)
    target_forms: str = ""
    exclusions: tuple[Exclusion, ...] = field(default=(), repr=False)
    holds: tuple[Hold, ...] = field(default=(), repr=False)
    landmark_edits: tuple[LandmarkEdit, ...] = field(default=(), repr=False)
    roto: str = field(default="", repr=False)
    redetections: tuple[Redetection, ...] = field(default=(), repr=False)
    dismissals: tuple[Dismissal, ...] = field(default=(), repr=False, compare=False)
    elsewhere: "tuple[tuple[int, SwapRequest], ...]" = field(default=(), repr=False)
    hold_sides: "tuple[tuple[int, SwapRequest], ...]" = field(default=(), repr=False)

    @property
    def recipes(self) -> tuple[Recipe, ...]:
        """The recipe, and what it is in each range of `redetections`: all that frames are analysed and swapped by."""
        return (self.recipe, *(with_redetection(self.recipe, one).within for one in self.redetections))

    @property
    def other_frames(self) -> "tuple[tuple[int, SwapRequest], ...]":
        """Both `elsewhere` and `hold_sides`, by frame."""
        return tuple(sorted((*self.elsewhere, *self.hold_sides), key=itemgetter(0)))

    def in_frame(self, number: int) -> "SwapRequest | None":
        """Return what is asked for in one frame: the very request where it has no ranges.

        Parameters
        ----------
        number : int
            The frame of the clip, counted from 0.

        Returns
        -------
        SwapRequest or None
            The request without exclusions, its opacity eased where one begins or ends, with the hold and the other
            detection of the range that the frame is in; None within an exclusion.
        """
        if not (self.exclusions or self.holds or self.landmark_edits or self.redetections):
            return self
        visibility = visibility_at(self.exclusions, number)
        if visibility <= 0:
            return None
        fusion = self.recipe.fusion
        if visibility < 1:
            fusion = replace(fusion, opacity=fusion.opacity * visibility)
        holds = tuple(hold for hold in self.holds if number in hold)[:1]
        edits = landmark_edits_in_frame(self.landmark_edits, number)
        recipe = replace(self.recipe, fusion=fusion)
        eased = replace(self, recipe=recipe, exclusions=(), holds=holds, landmark_edits=edits)
        asked = eased.with_analysis_of(number)
        masked = replace(self, exclusions=(), roto="")
        return replace(
            asked,
            elsewhere=self._other_frames(masked, keyframes_around(self.roto, number), asked.recipe),
            hold_sides=masked._frames_beside(holds[0], number, asked.recipe) if holds else (),
        )

    def _frames_beside(
        self, hold: Hold, number: int, recipe: Recipe
    ) -> "tuple[tuple[int, SwapRequest], ...]":
        """Return what is asked for beside a hold, for frame `number` of it, which has this recipe."""
        edits = tuple(edit for edit in self.landmark_edits if edit.in_frame(number) is None)
        corrected = replace(self, holds=(), landmark_edits=edits)
        return self._other_frames(corrected, (hold.first - 1, hold.last + 1), recipe)

    def _other_frames(
        self, request: "SwapRequest", numbers: Iterable[int], recipe: Recipe
    ) -> "tuple[tuple[int, SwapRequest], ...]":
        """Return what `request` asks for in other frames, as far as that differs from what is asked for anyway."""
        there = {number: request.in_frame(number) for number in numbers}
        return tuple(
            (number, other)
            for number, other in sorted(there.items())
            if other and (other.holds or other.landmark_edits or other.recipe not in (self.recipe, recipe))
        )

    def in_other_frame(self, number: int) -> "SwapRequest":
        """Return what a request of one frame, see `in_frame`, asks for in another one whose faces count in it.

        Parameters
        ----------
        number : int
            The other frame.

        Returns
        -------
        SwapRequest
            It has that frame's hold and corrections, and its way of looking for faces.
        """
        return self._in_one_of(self.elsewhere, number)

    def beside_hold(self, number: int) -> "SwapRequest":
        """Return what a request of a frame that is held, see `in_frame`, asks for in a frame beside the hold.

        Parameters
        ----------
        number : int
            The frame before the hold or the one after it.

        Returns
        -------
        SwapRequest
            It has no hold, that frame's way of looking for faces, and its corrections, see `hold_sides`.
        """
        return self._in_one_of(self.hold_sides, number)

    def _in_one_of(self, others: "tuple[tuple[int, SwapRequest], ...]", number: int) -> "SwapRequest":
        if not (self.holds or self.landmark_edits or self.elsewhere):
            return self
        plain = replace(self, holds=(), landmark_edits=(), elsewhere=(), hold_sides=())
        return dict(others).get(number) or plain

    def with_analysis_of(self, number: int) -> "SwapRequest":
        """Return the request as far as finding faces in a frame goes: with the range alone that it is in.

        Parameters
        ----------
        number : int
            The frame of the clip, counted from 0.

        Returns
        -------
        SwapRequest
            The request without `redetections`; its recipe has the one that holds in this frame.
        """
        if not self.redetections:
            return self
        recipe = next(
            (with_redetection(self.recipe, one) for one in self.redetections if number in one), self.recipe
        )
        return replace(self, recipe=recipe, redetections=())


def requests_in_frame(requests: Iterable[SwapRequest], number: int) -> tuple[SwapRequest, ...]:
    """Return what requests ask for in frame `number` of their clip, see `SwapRequest.in_frame`, in their order."""
    asked = (request.in_frame(number) for request in requests)
    return tuple(request for request in asked if request is not None)
