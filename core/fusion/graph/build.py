# SPDX-License-Identifier: GPL-3.0-or-later
"""The graph of fusion as an ONNX file, written anew by every process: there is no file that could be outdated."""

from functools import lru_cache, partial

from ...models.onnx_writer import GraphWriter
from .images import ResampleMatrices, TapPair, Warp, to_planes
from .resampling import WARP_SUBPIXELS
from .steps import (
    CoverInputs,
    LightInputs,
    MaskInputs,
    face_mask,
    layer_pixels,
    match_light,
    sharpen,
    subtract_cover,
)

OUTPUT_NAME = "layer"


@lru_cache(maxsize=4)
def fusion_graph(*, warps: bool = False, deep: bool = False) -> bytes:
    """Return the graph: for an upright crop or, where it `warps`, for the aligned one that a network drew.

    That of `deep` clips takes images as floats, in levels, and gives floats.

    Its inputs are what `feeds.feeds` gives, its output `layer` is what `fuse.fuse_crop` returns. Every size may vary.
    """
    graph = GraphWriter("fusion")
    number = partial(graph.input, dtype="float32")
    levels = "float32" if deep else "uint8"
    mask = face_mask(
        MaskInputs(
            distance=graph.input("distance", "float32", "mask_h", "mask_w"),
            eyes=graph.input("eyes", "uint8", "mask_h", "mask_w"),
            mouth=graph.input("mouth", "uint8", "mask_h", "mask_w"),
            area=graph.input("area", "float32", "mask_h", "mask_w"),
            padding=number("padding"),
            ramp=number("ramp"),
            keep_eyes=number("keep_eyes"),
            keep_mouth=number("keep_mouth"),
            hole=_matrix_inputs(graph, "hole", "mask", "mask"),
        )
    )
    mask = subtract_cover(
        mask,
        CoverInputs(
            cover=graph.input("cover", "uint8", "mask_h", "mask_w"),
            bare=graph.input("bare", "float32", "bare_h", "bare_w"),
            bare_to_mask=_tap_inputs(graph, "bare_to_mask", "mask"),
            keep_cover=number("keep_cover"),
        ),
    )
    if warps:
        swapped = _warp_inputs(graph).apply(
            graph.input("pixels", levels, "pixels_h", "pixels_w", 3), deep=deep
        )
    else:
        swapped = to_planes(graph.input("swapped", levels, "crop_h", "crop_w", 3))
    rgb = sharpen(swapped, number("sharpen"), deep=deep)
    rgb = match_light(
        rgb,
        mask,
        LightInputs(
            target=graph.input("target", levels, "light_h", "light_w", 3),
            swapped_image=graph.input("swapped_small", levels, "light_h", "light_w", 3),
            mask_to_light=_matrix_inputs(graph, "mask_to_light", "mask", "light"),
            brows=graph.input("brows", "uint8", "light_h", "light_w"),
            fine=_matrix_inputs(graph, "fine", "light", "light"),
            broad=_matrix_inputs(graph, "broad", "light", "light"),
            strength=number("strength"),
            to_crop=_tap_inputs(graph, "light_to_crop", "crop"),
        ),
        deep=deep,
    )
    out = layer_pixels(
        rgb,
        mask,
        number("shown"),
        _tap_inputs(graph, "mask_to_full", "full"),
        _tap_inputs(graph, "crop_to_full", "full"),
        deep=deep,
    )
    graph.output(out, OUTPUT_NAME, levels, "full_h", "full_w", 4)
    return graph.model()


def _matrix_inputs(graph: GraphWriter, name: str, source: str, size: str) -> ResampleMatrices:
    return ResampleMatrices(
        graph.input(f"{name}_rows", "float32", f"{size}_h", f"{source}_h"),
        graph.input(f"{name}_columns", "float32", f"{source}_w", f"{size}_w"),
    )


def _tap_inputs(graph: GraphWriter, name: str, size: str) -> TapPair:
    return TapPair(
        graph.input(f"{name}_down", "int32", f"{name}_taps", f"{size}_h"),
        graph.input(f"{name}_down_weights", "float32", f"{name}_taps", f"{size}_h"),
        graph.input(f"{name}_across", "int32", f"{name}_taps", f"{size}_w"),
        graph.input(f"{name}_across_weights", "float32", f"{name}_taps", f"{size}_w"),
    )


def _warp_inputs(graph: GraphWriter) -> Warp:
    return Warp(
        graph.input("warp_x_across", "int32", "crop_w"),
        graph.input("warp_x_down", "int32", "crop_h"),
        graph.input("warp_y_across", "int32", "crop_w"),
        graph.input("warp_y_down", "int32", "crop_h"),
        graph.input("warp_weights", "float32", 4, WARP_SUBPIXELS**2, 4),
        graph.input("warp_last_column", "float32"),
        graph.input("warp_last_row", "float32"),
    )
