# SPDX-License-Identifier: GPL-3.0-or-later
"""How a swapped face becomes part of the image."""

from dataclasses import dataclass

from .parameter import choice_field, number_field, switch_field


@dataclass(frozen=True)
class Fusion:
    """How the swapped crop becomes part of the image."""

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
        "Where the new face is visible",
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
    mask_forehead: bool = switch_field(
        True, "Forehead", "Show the new face on the forehead, down to the brows"
    )
    mask_eyes: bool = switch_field(
        True, "Eyes", "Show the new face about the eyes, brows and temples included"
    )
    mask_nose: bool = switch_field(True, "Nose", "Show the new face on the nose")
    mask_cheeks: bool = switch_field(True, "Cheeks", "Show the new face on the cheeks")
    mask_mouth: bool = switch_field(
        True, "Mouth", "Show the new face on the mouth, from the nose to the chin's fold"
    )
    mask_chin: bool = switch_field(True, "Chin", "Show the new face on the chin and the jaw")
    keep_eyes: float = number_field(1.0, "Keep eyes", "Show the target's own eyes", 0.0, 1.0)
    keep_mouth: float = number_field(1.0, "Keep mouth", "Show the target's own mouth interior", 0.0, 1.0)
    keep_cover: float = number_field(
        1.0, "Keep cover", "Show hair, hands and objects in front of the face", 0.0, 1.0
    )
    colour_match: float = number_field(
        0.9, "Light and color", "How far light and skin tone follow the target's", 0.0, 1.0
    )
    light_radius: float = number_field(
        10.0,
        "Light radius",
        "Smaller follows shadows more closely, larger keeps more of the source",
        4.0,
        60.0,
        unit="%",
    )
    grain: float = number_field(
        1.0,
        "Grain and focus",
        "How far the new face has the footage's own focus, motion blur and grain, where Shape is above 0",
        0.0,
        1.0,
    )
    skin_reach: float = number_field(
        0.5,
        "Skin reach",
        "How far neck and ears take the tone of the new face's skin, where Shape is above 0",
        0.0,
        1.0,
    )
    sharpen: float = number_field(0.0, "Sharpen", "Sharpen the new face", 0.0, 2.0, soft_high=1.0)
