# SPDX-License-Identifier: GPL-3.0-or-later
"""What `Clip.read` returns is what Blender's own sequencer shows, frame by frame."""

import numpy as np
import pytest
from dpx_files import write_dpx
from exr_choices import CHANNELS, LAYERS, PARTS, write_channels, write_layers, write_parts
from exr_files import Part, write_exr_parts
from float_tiffs import write_float_tiff, write_predicted_tiff
from footage import make_clips
from footage.blender_frames import MAX_DIFFERENCE_BY_BITS, largest_difference, request_for, show
from PIL import Image
from understudy.core.errors import ClipError
from understudy.core.media.open import open_clip, open_sequence

from tests.core import image_files

pytestmark = pytest.mark.blender

FOOTAGE_CLIPS = {
    "02_single_calm_movingcam_720p.mp4": (0, 1, 90, 179),
    "24_stage_cuts_mic_crowd_540p.mp4": (0, 19, 20, 82, 211, 274),
    "30_two_people_sbs_1080p.mp4": (0, 1, 101, 179),
}


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Every made movie shown by Blender in one process: its file, Blender's facts and pictures."""
    folder = tmp_path_factory.mktemp("made")
    clips = []
    for recipe in make_clips.MOVIES:
        path = make_clips.make_movie(folder, recipe)
        with open_clip(path) as clip:
            clips.append(request_for(recipe.name, [path], clip, range(clip.info.frame_count)))
    return folder, *show(folder, clips)


@pytest.mark.parametrize("recipe", make_clips.MOVIES, ids=lambda recipe: recipe.name)
def test_every_frame_of_a_movie_is_blenders(made, recipe):
    folder, facts, picture = made
    with open_clip(folder / recipe.name) as clip:
        fact = facts[recipe.name]
        assert clip.info.frame_count == fact["frames"] == fact["final"]
        assert float(clip.info.fps) == pytest.approx(fact["fps"], rel=1e-6)
        assert [clip.info.width, clip.info.height] == fact["size"]
        assert clip.info.bit_depth == recipe.depth
        for frame in range(clip.info.frame_count):
            ours, theirs = clip.read(frame), picture(recipe.name, frame)
            assert largest_difference(ours, theirs) <= MAX_DIFFERENCE_BY_BITS[recipe.depth], frame
            turns = -recipe.rotation // 90
            assert make_clips.number_in(np.rot90(ours, turns)) == make_clips.number_in(
                np.rot90(theirs, turns)
            )


@pytest.fixture(scope="module")
def footage(tmp_path_factory, shared):
    """A few frames of real clips shown by Blender."""
    folder = tmp_path_factory.mktemp("footage")
    clips = []
    for name, frames in FOOTAGE_CLIPS.items():
        path = shared / "footage" / name
        with open_clip(path) as clip:
            clips.append(request_for(name, [path], clip, frames))
    return shared / "footage", *show(folder, clips)


@pytest.mark.long
@pytest.mark.parametrize("name", FOOTAGE_CLIPS)
def test_real_footage_is_blenders(footage, name):
    folder, facts, picture = footage
    with open_clip(folder / name) as clip:
        assert clip.info.frame_count == facts[name]["frames"]
        for frame in reversed(FOOTAGE_CLIPS[name]):
            assert largest_difference(clip.read(frame), picture(name, frame)) <= MAX_DIFFERENCE_BY_BITS[8], (
                frame
            )


@pytest.fixture(scope="module")
def stills(tmp_path_factory):
    """Image sequences of several kinds, and a picture whose EXIF data asks for a turn, shown by Blender."""
    folder = tmp_path_factory.mktemp("stills")
    kinds = {
        "png": {"suffix": ".png"},
        "png16": {"suffix": ".png", "deep": True},
        "jpeg": {"suffix": ".jpg"},
        "tiff": {"suffix": ".tif"},
        "tiff16": {"suffix": ".tif", "deep": True},
        "bmp": {"suffix": ".bmp"},
        "webp": {"suffix": ".webp"},
    }
    files = {}
    for kind, how in kinds.items():
        (folder / kind).mkdir()
        files[kind] = make_clips.make_pictures(folder / kind, 4, **how)
    files["turned"] = [make_clips.turned_jpeg(folder / "turned.jpg")]
    clips = []
    for kind, paths in files.items():
        with open_sequence(paths) as clip:
            clips.append(request_for(kind, paths, clip, range(len(paths))))
    return files, *show(folder, clips)


@pytest.mark.parametrize("kind", ["png", "png16", "jpeg", "tiff", "tiff16", "bmp", "webp", "turned"])
def test_every_image_of_a_sequence_is_blenders(stills, kind):
    files, facts, picture = stills
    with open_sequence(files[kind]) as clip:
        assert clip.info.frame_count == facts[kind]["final"]
        for frame in range(clip.info.frame_count):
            ours, theirs = clip.read(frame), picture(kind, frame)
            assert largest_difference(ours, theirs) <= MAX_DIFFERENCE_BY_BITS[clip.info.bit_depth], frame
            assert make_clips.number_in(ours) == make_clips.number_in(theirs) == frame


ALPHA_IMAGES = {
    **{
        f"{kind} png": ("png", kind)
        for kind in ("rgba", "grey", "palette", "colour key", "grey key", "sixteen bits")
    },
    **{f"{kind} webp": ("webp", kind) for kind in ("rgba", "lossy")},
    **{f"{kind} tif": ("tif", kind) for kind in ("rgba", "undeclared")},
}
ORIENTATIONS = {
    f"orientation {number} {suffix}": (suffix, number)
    for suffix in ("jpg", "png", "webp")
    for number in (2, 6)
}
EXR_IMAGES = ("exr", "exr alpha", "exr half")
DPX_IMAGES = {
    f"dpx {bits} {packing} {descriptor} {big_endian}": (bits, packing, descriptor, big_endian)
    for big_endian in (True, False)
    for bits, packing in [(8, 0), (16, 0), *((bits, packing) for bits in (10, 12) for packing in range(3))]
    for descriptor in (50, 51, 6)
}
DPX_CHROMA = {
    f"dpx {bits} {packing} {descriptor} {colorimetric}": (bits, packing, descriptor, colorimetric)
    for bits, packing in ((8, 0), (10, 0), (12, 1), (16, 0))
    for descriptor, colorimetric in ((100, 5), (101, 6), (102, 7), (103, 8), (51, 2), (52, 6))
}
"""Color differences, and alpha that hides parts."""
DPX_CHANNELS = {50: 3, 51: 4, 52: 4, 6: 1, 100: 2, 101: 3, 102: 3, 103: 4}
DPX_UNSEEN = {"no color matrix": {"descriptor": 102, "colorimetric": 2}, "run lengths": {"encoding": 1}}
FLOAT_IMAGES = {
    "tiff floats": (np.float32, 3),
    "tiff halves": (np.float16, 3),
    "tiff floats alpha": (np.float32, 4),
    "tiff floats grey": (np.float32, 1),
}
MAX_DEEP_DIFFERENCE = 0.02
"""In steps of 1/255: what Blender's curve of sRGB and back leaves of 16 bits. Measured: 0.008."""


@pytest.fixture(scope="module")
def image_kinds(tmp_path_factory):
    """Images that hide a part, that ask to be turned, animated ones and OpenEXR, shown by Blender."""
    folder = tmp_path_factory.mktemp("kinds")
    files = {
        name: image_files.write_alpha_image(folder / f"{name}.{suffix}", kind)
        for name, (suffix, kind) in ALPHA_IMAGES.items()
    }
    for name, (suffix, number) in ORIENTATIONS.items():
        exif = Image.Exif()
        exif[0x112] = number
        files[name] = folder / f"{name}.{suffix}"
        Image.fromarray(image_files.colours()).save(files[name], exif=exif, lossless=True)
    light, share = image_files.light(), image_files.alpha().astype(np.float32) / 255
    covered = {**{name: values * share for name, values in light.items()}, "A": share}
    files["exr"] = image_files.write_exr(folder / "plain.exr", light, 2)
    files["exr alpha"] = image_files.write_exr(folder / "alpha.exr", covered)
    files["exr half"] = image_files.write_exr(folder / "half.exr", light, 2, half=True)
    codes = np.random.default_rng(0).integers(0, 1 << 16, (image_files.H, 72, 4))
    opaque = np.dstack([codes[..., :3], np.full_like(codes[..., 3], 0xFFFF)])
    for name, (bits, packing, descriptor, big_endian) in DPX_IMAGES.items():
        channels = DPX_CHANNELS[descriptor]
        files[name] = write_dpx(
            folder / f"{name}.dpx",
            opaque[..., :channels] >> (16 - bits),
            bits,
            packing,
            big_endian=big_endian,
            descriptor=descriptor,
        )
    codes[0, :3, 3] = 0, 1, 0xFFFF
    for name, (bits, packing, descriptor, colorimetric) in DPX_CHROMA.items():
        samples = codes[..., -DPX_CHANNELS[descriptor] :] >> (16 - bits)
        files[name] = write_dpx(
            folder / f"{name}.dpx", samples, bits, packing, descriptor=descriptor, colorimetric=colorimetric
        )
    for name, (dtype, channels) in FLOAT_IMAGES.items():
        floats = (codes[..., :channels] / 65535).astype(dtype)
        files[name] = write_float_tiff(folder / f"{name}.tif", floats if channels > 1 else floats[..., 0])
    files["tiff predicted"] = write_predicted_tiff(
        folder / "predicted.tif", codes[..., :3] / np.float32(65535)
    )
    for name in LAYERS:
        files[f"layers {name}"], _ = write_layers(folder / f"layers {name}.exr", name)
    for name in CHANNELS:
        files[f"channels {name}"], _ = write_channels(folder / f"channels {name}.exr", name)
    for name in PARTS:
        files[f"parts {name}"], _ = write_parts(folder / f"parts {name}.exr", name)
    window = Part("", {letter: values / 2 for letter, values in light.items()}, (5, -3), (0, 0, 9, 200))
    files["exr window"] = write_exr_parts(folder / "window.exr", window)
    files["animated png"] = image_files.write_animation(folder / "animated.png", [100] * 3)
    clips = []
    for name, path in files.items():
        with open_clip(path) as clip:
            clips.append(request_for(name, [path], clip, [0]))
    files["animated webp"] = image_files.write_animation(folder / "animated.webp", [100] * 3)
    size = [image_files.W, image_files.H]
    for name, settings in DPX_UNSEEN.items():
        files[name] = write_dpx(folder / f"{name}.dpx", codes[..., :3], 16, **settings)
    clips += [
        {"name": name, "files": [str(files[name])], "frames": [0], "depth": 8, "size": size}
        for name in ("animated webp", *DPX_UNSEEN)
    ]
    return files, *show(folder, clips)


@pytest.mark.parametrize("name", [*ALPHA_IMAGES, *ORIENTATIONS, *EXR_IMAGES])
def test_every_kind_of_image_is_blenders(image_kinds, name):
    files, _, picture = image_kinds
    with open_clip(files[name]) as clip:
        assert (
            largest_difference(clip.read(0), picture(name, 0)) <= MAX_DIFFERENCE_BY_BITS[clip.info.bit_depth]
        )


@pytest.mark.parametrize("name", DPX_CHROMA)
def test_color_differences_and_alpha_of_dpx_are_blenders(image_kinds, name):
    files, _, picture = image_kinds
    with open_clip(files[name]) as clip:
        limit = {8: MAX_DIFFERENCE_BY_BITS[8]}.get(clip.info.bit_depth, MAX_DEEP_DIFFERENCE)
        assert largest_difference(clip.read(0), picture(name, 0)) <= limit


@pytest.mark.parametrize("name", DPX_UNSEEN)
def test_dpx_that_is_refused_is_nothing_in_blender(image_kinds, name):
    files, facts, _ = image_kinds
    assert facts[name]["size"] == [0, 0]
    with pytest.raises(ClipError, match=rf"{name}\.dpx can't be read: Blender does not show DPX images"):
        open_clip(files[name])


@pytest.mark.parametrize(
    "name",
    [
        *DPX_IMAGES,
        *FLOAT_IMAGES,
        "tiff predicted",
        *(f"layers {name}" for name in LAYERS),
        *(f"parts {name}" for name in PARTS),
        *(f"channels {name}" for name in CHANNELS),
        "exr window",
    ],
)
def test_film_images_are_blenders(image_kinds, name):
    files, _, picture = image_kinds
    with open_clip(files[name]) as clip:
        assert largest_difference(clip.read(0), picture(name, 0)) <= MAX_DEEP_DIFFERENCE


def test_a_png_animation_is_its_first_image_in_blender(image_kinds):
    files, facts, picture = image_kinds
    with open_clip(files["animated png"]) as clip:
        assert clip.info.frame_count == facts["animated png"]["frames"] == 1
        assert np.array_equal(clip.read(0), picture("animated png", 0))


def test_blender_shows_nothing_of_an_animated_webp_and_no_face_is_laid_over_it(image_kinds):
    files, _, picture = image_kinds
    assert not picture("animated webp", 0).any()
    with pytest.raises(ClipError, match="which Blender's sequencer shows as nothing"):
        open_clip(files["animated webp"])
