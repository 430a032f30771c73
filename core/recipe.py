# SPDX-License-Identifier: GPL-3.0-or-later
"""Every parameter there is, by the stage that it re-runs.

A recipe is what the editor chose for one Face Swap modifier. The UI, the CLI's `--set` and the keys of the
cache are all made from the fields below, so a parameter can't be in one of them and be missed by another.
"""

from collections.abc import Iterator, Mapping
from dataclasses import Field as DataclassField
from dataclasses import dataclass, fields, replace
from difflib import get_close_matches
from typing import Any, cast

from .cache.key import Scalar
from .errors import RecipeError
from .parameter import Cost, Parameter, checked, choice_field, number_field, switch_field, text_field


@dataclass(frozen=True)
class Detect:
    """How faces are looked for."""

    score: float = number_field(0.5, "Score", "How sure the detector must be that it sees a face", 0.05, 0.99)
    detector: str = choice_field(
        "blaze",
        "Detector",
        "The network that finds faces; all but the first need a model file",
        ("blaze", "BlazeFace", "The embedded detector, full range: needs no model file"),
        ("blaze-short", "BlazeFace, short range", "For faces that fill much of the frame"),
        ("yunet", "YuNet", "Small and quick, free for any use"),
        ("scrfd", "SCRFD", "InsightFace's; sure on small and turned faces"),
        ("retinaface", "RetinaFace", "InsightFace's 10g and r50"),
        ("retinaface-ssd", "RetinaFace, mnet0.25", "The small one, and ResNet-50, with SSD priors"),
        ("yolov5-face", "YOLOv5-face", "Quick, sure on small faces"),
        ("yolov8-face", "YOLOv8-face", "Sure on small and covered faces"),
        ("s3fd", "S3FD", "Sure on small faces; gives no points"),
        ("centerface", "CenterFace", "Sure on crowds"),
        ("many", "Many", "Every detector that is there; of boxes that overlap the surest counts"),
    )
    angles: str = choice_field(
        "upright",
        "Angles",
        "Which way up faces are looked for",
        ("upright", "Upright", "Look once: heads that tip by up to about 60 degrees are found"),
        ("sideways", "Sideways too", "Look three times: upright and lying on either side"),
        ("all", "Any", "Look four times: upright, on either side and upside down"),
    )
    margin: float = number_field(
        0.0,
        "Margin",
        "Put black around the frame before looking: faces that its border cuts are found more surely",
        0.0,
        100.0,
        unit="%",
    )


@dataclass(frozen=True)
class Landmark:
    """How the points of a face are found and steadied."""

    score: float = number_field(
        0.5, "Face score", "How sure the landmarker must be that what was detected is a face", 0.05, 0.99
    )
    steady: float = number_field(
        1.5,
        "Steady",
        "Even out the jitter of the points over neighbouring frames; 0 is off. Real motion stays",
        0.0,
        4.0,
        unit="frames",
    )
    gaps: int = number_field(
        3,
        "Fill gaps",
        "A face that is not found for up to this many frames is taken to be midway between; 0 is off",
        0,
        12,
        unit="frames",
    )
    landmarker: str = choice_field(
        "face-mesh",
        "Landmarker",
        "The network that finds the points of a face; all but the first need a model file",
        ("face-mesh", "FaceMesh with attention", "The embedded landmarker, 478 points: needs no model file"),
        ("face-mesh-468", "FaceMesh 468", "Without refined lips, eyes and irises"),
        ("face-mesh-478", "FaceMesh 478", "The newer, larger network"),
        ("fan-68", "2DFAN4", "68 points; for neural swappers only"),
        ("68-from-5", "68 from 5", "68 points guessed from the detector's five; for neural swappers only"),
        ("peppa-68", "Peppa", "68 points; for neural swappers only"),
        ("pfld-98", "PFLD", "98 points; for neural swappers only"),
        ("insightface-106", "2d106", "106 points; for neural swappers only"),
        ("liveportrait-203", "LivePortrait", "203 points; for neural swappers only"),
    )
    pose: str = choice_field(
        "mesh",
        "Pose",
        "How the turn of the head is found",
        ("mesh", "From the points", "By the landmarks: needs no model file"),
        ("6drepnet", "6DRepNet", "By a network of its own"),
        ("fsanet", "FSA-Net", "By small networks of its own"),
    )


@dataclass(frozen=True)
class Embed:
    """How faces are told from each other."""

    recogniser: str = choice_field(
        "mesh",
        "Recogniser",
        "How people are told apart, in a clip and in pictures; all but the first need a model file",
        (
            "mesh",
            "Shape and look",
            "The face's proportions and its light and dark: tells the people of one scene apart",
        ),
        ("arcface", "ArcFace", "InsightFace's w600k_r50, 512 numbers"),
        ("ghostface", "GhostFaceNet", "512 numbers"),
        ("sface", "SFace", "OpenCV's, 128 numbers, free for any use"),
        ("mobileface", "MobileFace", "256 numbers, free for any use"),
    )


@dataclass(frozen=True)
class Occlude:
    """How it is told what covers a face."""

    masker: str = choice_field(
        "colour",
        "Masker",
        "How hair, hands and objects in front of the face are told from it",
        ("colour", "Colour of the skin", "Learned from each face itself: needs no model file"),
        ("xseg", "XSeg", "DeepFaceLab's network"),
        ("bisenet", "BiSeNet", "A network that names 19 regions; choose below which are the face"),
        ("skin-hair", "Skin and hair", "A small network that tells skin, clothes and hair"),
        ("selfie", "Person", "The embedded network that tells a person from what is not one"),
    )
    skin: bool = switch_field(True, "Skin", "With BiSeNet: skin is part of the face")
    brows: bool = switch_field(True, "Brows", "With BiSeNet: brows are part of the face")
    eyes: bool = switch_field(True, "Eyes", "With BiSeNet: eyes are part of the face")
    glasses: bool = switch_field(False, "Glasses", "With BiSeNet: glasses are part of the face")
    ears: bool = switch_field(False, "Ears", "With BiSeNet: ears and what hangs on them are part of the face")
    nose: bool = switch_field(True, "Nose", "With BiSeNet: the nose is part of the face")
    mouth: bool = switch_field(True, "Mouth", "With BiSeNet: the inside of the mouth is part of the face")
    lips: bool = switch_field(True, "Lips", "With BiSeNet: lips are part of the face")
    neck: bool = switch_field(
        False, "Neck", "With BiSeNet: the neck and what hangs on it are part of the face"
    )
    clothes: bool = switch_field(False, "Clothes", "With BiSeNet: clothes are part of the face")
    hair: bool = switch_field(False, "Hair", "With BiSeNet: hair is part of the face")
    hat: bool = switch_field(False, "Hat", "With BiSeNet: a hat is part of the face")


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
        ("smallest", "Smallest", "The smallest face of each frame that is not left alone for its size"),
        ("topmost", "Topmost", "The highest face of each frame"),
        ("bottommost", "Bottommost", "The lowest face of each frame"),
        ("surest", "Surest", "The face that is found most surely in each frame"),
        ("reference", "Like the reference", "The face that looks most like one picked in a reference frame"),
    )
    reference_frame: int = number_field(
        0, "Reference frame", "Frame of the clip in which the person was picked, counted from 0", 0, 10**7
    )
    reference_face: int = number_field(
        0, "Reference face", "Which face of the reference frame, counted from the left from 0", 0, 63
    )
    min_height: float = number_field(
        48.0,
        "Smallest face",
        "Leave faces alone that are lower than this",
        16.0,
        2000.0,
        unit="px",
        soft_high=400.0,
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
        ("blendswap", "BlendSwap", "256 pixels; needs its model, takes the first picture"),
        ("uniface", "UniFace", "256 pixels; needs its model, takes the first picture"),
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
        "Fill what the source picture hides from the other side of the face",
        0.0,
        1.0,
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


@dataclass(frozen=True)
class Fusion:
    """How the swapped crop becomes part of the picture."""

    blend: float = number_field(
        1.0, "Blend", "How much of the new look: 0 is the original face, 1 the new one", 0.0, 1.0
    )
    opacity: float = number_field(1.0, "Opacity", "Opacity of the whole layer", 0.0, 1.0)
    enhancer_blend: float = number_field(
        0.8, "Enhancer blend", "How much of the enhanced face is mixed into the swapped one", 0.0, 1.0
    )
    mask_shape: str = choice_field(
        "oval",
        "Mask shape",
        "Where the new face is seen",
        ("oval", "Oval", "Within the outline of the face"),
        ("box", "Box", "All that a neural swapper draws; the mesh swapper keeps to the oval"),
    )
    openings: str = choice_field(
        "mesh",
        "Keep openings",
        "With which swappers the target's own eyes and mouth are kept, as far as set below",
        ("mesh", "Mesh only", "Neural swappers draw eyes and mouth themselves"),
        ("always", "Always", "With neural swappers too: gaze and speech stay the target's"),
    )
    mask_padding: float = number_field(
        0.0,
        "Mask padding",
        "Draw the edge of the mask in (positive) or out (negative)",
        -10.0,
        30.0,
        unit="%",
    )
    mask_blur: float = number_field(
        30.0, "Mask blur", "Softness of the mask's edge, of the face's width", 0.0, 100.0, unit="%"
    )
    keep_eyes: float = number_field(1.0, "Keep eyes", "Show the target's own eyes", 0.0, 1.0)
    keep_mouth: float = number_field(1.0, "Keep mouth", "Show the target's own mouth interior", 0.0, 1.0)
    keep_cover: float = number_field(
        1.0, "Keep what covers the face", "Show hair, hands and objects in front of the face", 0.0, 1.0
    )
    colour_match: float = number_field(
        0.9, "Light and colour", "How far light and skin tone follow the target's", 0.0, 1.0
    )
    light_radius: float = number_field(
        10.0,
        "Light radius",
        "Smaller follows shadows more closely, larger keeps more of the source",
        4.0,
        60.0,
        unit="%",
    )
    sharpen: float = number_field(0.0, "Sharpen", "Sharpen the new face", 0.0, 2.0, soft_high=1.0)


@dataclass(frozen=True)
class Recipe:
    """Everything an editor can set on one Face Swap modifier, by stage."""

    detect: Detect = Detect()
    landmark: Landmark = Landmark()
    embed: Embed = Embed()
    occlude: Occlude = Occlude()
    select: Select = Select()
    swap: Swap = Swap()
    enhance: Enhance = Enhance()
    fusion: Fusion = Fusion()


_COSTS: Mapping[str, Cost] = {
    "detect": "re-analyse",
    "landmark": "re-analyse",
    "embed": "re-analyse",
    "occlude": "re-analyse",
    "select": "re-swap",
    "swap": "re-swap",
    "enhance": "re-swap",
    "fusion": "instant",
}


def _parameter(group: str, entry: "DataclassField[Any]") -> Parameter:
    about = entry.metadata
    return Parameter(
        group=group,
        name=entry.name,
        kind=type(entry.default),
        default=cast("Scalar", entry.default),
        label=about["label"],
        text=about["text"],
        low=about.get("low"),
        high=about.get("high"),
        soft_high=about.get("soft_high"),
        unit=about.get("unit", ""),
        choices=about.get("choices", ()),
        cost=_COSTS[group],
    )


def parameters() -> Iterator[Parameter]:
    """List every parameter, stage by stage, in the order the UI shows them."""
    for group in fields(Recipe):
        for entry in fields(getattr(Recipe(), group.name)):
            yield _parameter(group.name, entry)


def find_parameter(path: str) -> Parameter:
    """Return the parameter of a path such as `fusion.blend`. RecipeError lists what there is."""
    known = {parameter.path: parameter for parameter in parameters()}
    if path not in known:
        near = [name for name in known if name.split(".")[1] == path.rsplit(".", maxsplit=1)[-1]]
        near += get_close_matches(path, known, 1)
        hint = f"did you mean {near[0]}?" if near else "known are " + ", ".join(known)
        raise RecipeError(f"there is no parameter {path!r}: {hint}")
    return known[path]


def with_value(recipe: Recipe, path: str, value: Scalar) -> Recipe:
    """Return the recipe with one parameter changed. RecipeError for an unknown path or a bad value."""
    parameter = find_parameter(path)
    group = replace(getattr(recipe, parameter.group), **{parameter.name: checked(parameter, value)})
    return replace(recipe, **{parameter.group: group})


def with_settings(recipe: Recipe, settings: Iterator[str] | list[str]) -> Recipe:
    """Apply `path=value` texts, as the CLI's `--set` gives them."""
    for setting in settings:
        path, equals, value = setting.partition("=")
        if not equals:
            raise RecipeError(f"a setting is written name=value, not {setting!r}")
        recipe = with_value(recipe, path.strip(), value.strip())
    return recipe


def key_inputs(group: Detect | Landmark | Select | Swap | Enhance | Fusion) -> dict[str, Scalar]:
    """Return a group's parameters as inputs of a stage key."""
    return {entry.name: getattr(group, entry.name) for entry in fields(group)}
