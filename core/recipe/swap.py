# SPDX-License-Identifier: GPL-3.0-or-later
"""Which faces are replaced, by which engine, and how the new ones are restored."""

from dataclasses import dataclass

from .parameter import choice_field, number_field, switch_field, text_field


@dataclass(frozen=True)
class Select:
    """Which faces of a frame are replaced."""

    which: str = choice_field(
        "largest",
        "Faces",
        "Which of the faces in a frame are replaced",
        ("largest", "Largest", "The largest face of each frame"),
        ("all", "All", "Every face of each frame"),
        ("leftmost", "Leftmost", "The face furthest to the left of each frame"),
        ("rightmost", "Rightmost", "The face furthest to the right of each frame"),
        ("smallest", "Smallest", "The smallest face of each frame that is high enough to be replaced"),
        ("topmost", "Topmost", "The highest face of each frame"),
        ("bottommost", "Bottommost", "The lowest face of each frame"),
        ("surest", "Surest", "The face that is found most surely in each frame"),
        ("reference", "Like the reference", "The face that looks most like one picked in a reference frame"),
        (
            "track",
            "One track",
            "The face picked in the reference frame, followed from there to the shot's ends",
        ),
    )
    reference_frame: int = number_field(
        0, "Reference frame", "Frame of the clip in which the person was picked, counted from 0", 0, 10**7
    )
    reference_face: int = number_field(
        0, "Reference face", "Which face of the reference frame, counted from the left from 0", 0, 63
    )
    others: str = text_field(
        "Other people",
        "People who must not be replaced, though they may be like the reference, as frame:face, such as "
        "90:0 204:1; choosing a person by their image fills it in",
    )
    gender: str = choice_field(
        "any",
        "Gender",
        "Replace only faces that a network takes for this gender; needs InsightFace's genderage",
        ("any", "Any", "Anyone: no network runs"),
        ("female", "Female", "Faces taken for a woman's or a girl's"),
        ("male", "Male", "Faces taken for a man's or a boy's"),
    )
    age_low: int = number_field(
        0,
        "Youngest",
        "Replace only faces taken to be at least this old; needs InsightFace's genderage",
        0,
        100,
        unit="years",
    )
    age_high: int = number_field(
        100,
        "Oldest",
        "Replace only faces taken to be at most this old; needs InsightFace's genderage",
        0,
        100,
        unit="years",
    )
    min_height: float = number_field(
        48.0,
        "Smallest face",
        "Do not replace faces that are lower than this",
        16.0,
        2000.0,
        unit="px",
        soft_high=400.0,
    )
    steady: bool = switch_field(
        False,
        "Steady choice",
        "A face that is the largest, or the first of another order, for up to three frames only is not replaced: the "
        "new face does not hop to somebody else and back",
        initial=True,
    )


@dataclass(frozen=True)
class Swap:
    """How the source's look is put onto the target's face."""

    swapper: str = choice_field(
        "mesh",
        "Swapper",
        "The engine that puts the source's look onto the face",
        (
            "mesh",
            "Mesh",
            "Re-maps the source's skin, brows, nose and lips onto the target's mesh; needs no model",
        ),
        ("inswapper", "inswapper", "128 pixels; needs its model and ArcFace"),
        ("hyperswap", "hyperswap", "256 pixels; needs its model and ArcFace"),
        ("ghost", "ghost", "256 pixels; needs its model, its converter and ArcFace"),
        ("simswap-256", "SimSwap 256", "256 pixels; needs its model, its converter and ArcFace"),
        ("simswap-512", "SimSwap 512", "512 pixels; needs its model, its converter and ArcFace"),
        ("hififace", "HifiFace", "256 pixels; needs its model, its converter and ArcFace"),
        ("blendswap", "BlendSwap", "256 pixels; needs its model, uses the first image"),
        ("uniface", "UniFace", "256 pixels; needs its model, uses the first image"),
        ("dfm", "DFM", "DeepFaceLab's trained faces: the person is in the model"),
    )
    model: str = text_field(
        "Model", "Which file of the swapper is used, by its name; empty is the first found"
    )
    crop_size: int = number_field(
        640,
        "Detail",
        "Longest side of the swapped crop; larger faces are swapped at this size and scaled up",
        128,
        2048,
        unit="px",
    )
    mirror: float = number_field(
        1.0,
        "Mirror hidden side",
        "Fill what the source image hides from the other side of the face",
        0.0,
        1.0,
    )
    shape: float = number_field(
        0.0,
        "Shape",
        "How far the face takes the source's form: 0 keeps the target's, 1 is the source's, above it is overdrawn",
        0.0,
        1.5,
        soft_high=1.0,
        initial=1.0,
    )
    pixel_boost: int = number_field(
        1, "Pixel boost", "Neural swappers work at this many times their size, up to 1024 pixels", 1, 8
    )
    identity: float = number_field(
        0.5,
        "Identity",
        "More of the source's identity above the middle, more of the target's below",
        0.0,
        1.0,
    )
    morph: float = number_field(
        1.0, "Morph", "How far a DFM goes from the target to its own person", 0.0, 1.0
    )

    @property
    def is_neural(self) -> bool:
        """Whether a network makes the face, not the mesh swapper."""
        return self.swapper != "mesh"

    @property
    def gives_shape(self) -> bool:
        """Whether faces take the source's form, which only the mesh swapper gives."""
        return not self.is_neural and self.shape > 0


@dataclass(frozen=True)
class Enhance:
    """How the swapped face is drawn anew in more detail."""

    enhancer: str = choice_field(
        "none",
        "Enhancer",
        "The network that restores the swapped face's detail",
        ("none", "None", "The swap as it is"),
        ("gfpgan", "GFPGAN", "512 pixels; needs its model"),
        ("codeformer", "CodeFormer", "512 pixels, with a weight; needs its model"),
        ("gpen-256", "GPEN 256", "256 pixels; needs its model"),
        ("gpen-512", "GPEN 512", "512 pixels; needs its model"),
        ("gpen-1024", "GPEN 1024", "1024 pixels; needs its model"),
        ("gpen-2048", "GPEN 2048", "2048 pixels; needs its model"),
        ("restoreformer", "RestoreFormer++", "512 pixels; needs its model"),
    )
    model: str = text_field(
        "Model", "Which file of the enhancer is used, by its name; empty is the first found"
    )
    weight: float = number_field(
        0.5, "Weight", "CodeFormer: 0 draws the finest face, 1 keeps closest to what it sees", 0.0, 1.0
    )
