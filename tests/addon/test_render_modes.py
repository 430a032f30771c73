# SPDX-License-Identifier: GPL-3.0-or-later
"""Every way to render without a window, in every Blender, against the plain render with the layer laid over it."""

import av
import cv2
import numpy as np
import pytest
from PIL import Image

pytestmark = [pytest.mark.blender, pytest.mark.in_turn]

LAST = 6
MODES = {
    "all": [],
    "step": [["setup", {"frame_step": 3}]],
    "single": [["setup", {"frame_current": 1, "frame_start": 5, "frame_end": 5}]],
    "half": [["setup", {"render__resolution_percentage": 50}]],
    "border": [
        [
            "setup",
            {
                "render__use_border": True,
                "render__use_crop_to_border": True,
                "render__border_min_x": 0.25,
                "render__border_max_x": 0.75,
                "render__border_min_y": 0.25,
                "render__border_max_y": 1.0,
            },
        ]
    ],
    "deep": [["image_output", {"file_format": "PNG", "color_depth": "16"}]],
    "float": [["image_output", {"file_format": "OPEN_EXR", "color_depth": "32"}]],
    "views": [["stereo_output", {}]],
    "film": [["movie_output", {}]],
}


class ModeRenders:
    """What was rendered in every mode, with and without the new face."""

    def __init__(self, driver, footage):
        self.folder = driver.folder / "modes"
        self.folder.mkdir()
        blend = str(self.folder / "modes.blend")
        driver(
            ["project", {"size": [320, 240], "frames": [1, LAST], "save": blend}],
            ["movie", {"name": "clip", "file": footage.movie}],
            ["cast", {"name": "clip", "picture": footage.person}],
            ["save", {}],
        )
        # Nothing is prepared: the first mode makes what is missing, the others find it.
        answers = driver(*[step for name in MODES for step in self._mode(blend, name, "with")])
        self.reports = dict(zip(MODES, [entry for entry in answers if isinstance(entry, dict)], strict=True))
        driver(["bare", {}], *[step for name in MODES for step in self._mode(blend, name, "bare")])
        reads = [
            [
                "pixels",
                {"file": str(self.path("float", state, 3, ".exr")), "to": str(self.folder / f"{state}.npy")},
            ]
            for state in ("with", "bare")
        ]
        driver(*reads)

    def _mode(self, blend, name, state):
        report = str(self.folder / f"{name}_{state}.json")
        hidden = [["bare", {}]] if state == "bare" else []
        out = {"out": str(self.folder / f"{name}_{state}_"), "report": report if state == "with" else None}
        return [["load", {"path": blend}], *hidden, *MODES[name], ["render", out]]

    def path(self, name, state, frame, suffix=".png"):
        return self.folder / f"{name}_{state}_{frame:04d}{suffix}"

    def picture(self, name, state, frame, suffix=".png"):
        """A rendered picture, (H, W, 3) RGB, as deep as its file."""
        picture = cv2.imread(str(self.path(name, state, frame, suffix)), cv2.IMREAD_UNCHANGED)
        assert picture is not None, (name, state, frame)
        return picture[..., 2::-1]

    def numbers(self, name):
        return sorted(int(path.stem.rsplit("_", 1)[1]) for path in self.folder.glob(f"{name}_with_*.png"))

    def layer(self, frame):
        """The layer image of a frame, (240, 320, 4) RGBA with straight alpha."""
        return layer_of(self.folder, frame - 1)


def pictures(folder, prefix):
    """What was rendered under a prefix, (H, W, 3) RGB by frame."""
    paths = folder.glob(f"{prefix}_*.png")
    return {int(path.stem.rsplit("_", 1)[1]): cv2.imread(str(path))[..., ::-1] for path in paths}


def layer_of(folder, number):
    """The one layer image of a source frame in a project's folder, (H, W, 4) RGBA with straight alpha."""
    (path,) = (folder / "understudy_cache" / "layers").rglob(f"{number:06d}.tif")
    with Image.open(path) as picture:
        return np.asarray(picture)


def composite_over(plain, layer, white=255):
    """Lay an RGBA picture of 8 bits over an RGB one whose white is `white`, in floating point."""
    alpha = layer[..., 3:] / 255.0
    return plain * (1 - alpha) + layer[..., :3] / 255.0 * white * alpha


@pytest.fixture(scope="module")
def rendered(every_blender, footage):
    return ModeRenders(every_blender, footage)


def test_an_animation_shows_the_layer_and_nothing_else(rendered):
    for frame in range(1, LAST + 1):
        plain, shown, layer = (
            rendered.picture("all", "bare", frame),
            rendered.picture("all", "with", frame),
            rendered.layer(frame),
        )
        outside = layer[..., 3] == 0
        assert (shown[outside] == plain[outside]).all()
        assert (~outside).sum() > 1500
        assert np.abs(shown - composite_over(plain, layer)).max() <= 1.01
    report = rendered.reports["all"]
    assert report["frames"] == report["stages"]["fuse"]["run"] == LAST
    assert report["shown"]["swapped"] == LAST


@pytest.mark.parametrize(("mode", "frames"), [("step", [1, 4]), ("single", [5])])
def test_a_range_and_a_step_render_and_look_at_their_own_frames_alone(rendered, mode, frames):
    assert rendered.numbers(mode) == frames
    report = rendered.reports[mode]
    assert report["shown"]["swapped"] == report["stages"]["fuse"]["hit"] == len(frames)
    assert report["stages"]["fuse"]["run"] == 0
    for frame in frames:
        assert (rendered.picture(mode, "with", frame) == rendered.picture("all", "with", frame)).all()


def test_at_half_size_the_face_is_scaled_as_the_clip_is(rendered):
    for frame in (1, LAST):
        plain, shown = rendered.picture("half", "bare", frame), rendered.picture("half", "with", frame)
        assert plain.shape == shown.shape == (120, 160, 3)
        ways = [lambda x: cv2.resize(x, (160, 120), interpolation=cv2.INTER_AREA)]
        ways += [lambda x, y=y, z=z: x[y::2, z::2] for y in (0, 1) for z in (0, 1)]  # every other pixel
        whole = rendered.picture("all", "bare", frame)
        offs = [np.abs(way(whole).astype(int) - plain).mean() for way in ways]
        way = ways[int(np.argmin(offs))]
        with_face = way(rendered.picture("all", "with", frame)).astype(int)
        face = way(rendered.layer(frame))[..., 3] > 0
        assert (
            np.abs(with_face - shown)[face].mean()
            <= np.abs(way(whole).astype(int) - plain)[face].mean() + 0.3
        )
        assert np.abs(np.roll(with_face, 1, 1) - shown)[face].mean() > 5  # a pixel beside would be noticed
        assert np.abs(shown.astype(int) - plain)[face].max() > 20


def test_a_border_shows_the_same_part_of_the_image_as_without_a_face(rendered):
    for frame in (1, LAST):
        plain, shown = rendered.picture("border", "bare", frame), rendered.picture("border", "with", frame)
        whole = np.ascontiguousarray(rendered.picture("all", "bare", frame))
        fit = cv2.matchTemplate(whole, np.ascontiguousarray(plain), cv2.TM_SQDIFF)
        top, left = np.unravel_index(fit.argmin(), fit.shape)
        part = slice(top, top + plain.shape[0]), slice(left, left + plain.shape[1])
        assert (whole[part] == plain).all()
        assert (rendered.picture("all", "with", frame)[part] == shown).all()
        assert (shown != plain).any()


def test_sixteen_bits_are_those_of_the_clip_and_of_the_layer(rendered):
    plain, shown, layer = (
        rendered.picture("deep", "bare", 3),
        rendered.picture("deep", "with", 3),
        rendered.layer(3),
    )
    assert shown.dtype == np.uint16
    outside = layer[..., 3] == 0
    assert (shown[outside] == plain[outside]).all()
    assert np.abs(shown - composite_over(plain, layer, 65535)).max() <= 1.01 * 257


def test_floating_point_is_linear_light_of_the_same(rendered):
    def display(linear):
        low, high = linear * 12.92, 1.055 * np.maximum(linear, 1e-9) ** (1 / 2.4) - 0.055
        return np.where(linear <= 0.0031308, low, high)[::-1, :, :3] * 255

    plain, shown = (np.load(rendered.folder / f"{state}.npy") for state in ("bare", "with"))
    layer = rendered.layer(3)
    outside = layer[..., 3] == 0
    assert (shown[::-1][outside] == plain[::-1][outside]).all()
    assert np.abs(display(shown) - composite_over(display(plain), layer)).max() <= 1.2


def test_both_views_show_what_one_does(rendered):
    for frame in (1, LAST):
        for view in ("_L", "_R"):
            shown = rendered.picture("views", "with", frame, f"{view}.png")
            assert (shown == rendered.picture("all", "with", frame)).all()
    report = rendered.reports["views"]
    assert report["stages"]["fuse"]["run"] == 0
    assert report["shown"]["swapped"] == LAST


def test_a_movie_has_the_same_images(rendered):
    (film,) = rendered.folder.glob("film_with_*.mp4")
    with av.open(str(film)) as container:
        frames = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
    assert len(frames) == LAST
    for frame, shown in enumerate(frames, 1):
        face = rendered.layer(frame)[..., 3] > 128
        picture, plain = rendered.picture("all", "with", frame), rendered.picture("all", "bare", frame)
        # The movie keeps colour at half size.
        off = np.abs(shown.astype(int) - picture)[face].mean()
        assert off < 4
        assert off < np.abs(picture.astype(int) - plain)[face].mean() / 2


def test_two_scenes_played_by_a_third_show_their_own_faces(every_blender, footage):
    folder = every_blender.folder / "scenes"
    folder.mkdir()
    blend = str(folder / "scenes.blend")
    answers = every_blender(
        ["project", {"size": [320, 240], "frames": [1, 3], "save": blend}],
        ["setup", {"name": "One"}],
        ["movie", {"name": "clip", "file": footage.movie}],
        ["cast", {"name": "clip", "picture": footage.person}],
        ["save", {}],
        ["render", {"out": str(folder / "one_")}],
        ["copy_scene", {"name": "Two"}],
        ["op", {"name": "understudy.refresh"}],
        ["recast", {"picture": footage.second_person}],
        ["render", {"out": str(folder / "two_")}],
        ["play_scenes", {"names": ["One", "Two"]}],
        ["render", {"out": str(folder / "both_"), "report": str(folder / "both.json")}],
    )
    one, two, both = (pictures(folder, name) for name in ("one", "two", "both"))
    assert sorted(both) == [1, 2, 3, 4, 5, 6]
    assert all((one[frame] != two[frame]).any() for frame in one)
    for frame in (1, 2, 3):
        assert np.abs(both[frame].astype(int) - one[frame]).max() <= 1
        assert np.abs(both[frame + 3].astype(int) - two[frame]).max() <= 1
    assert answers[-1]["stages"]["swap"]["run"] == 0
    assert answers[-1]["shown"]["swapped"] == 6


def test_a_clip_that_is_used_twice_has_two_casts(every_blender, footage):
    folder = every_blender.folder / "twice"
    folder.mkdir()
    answers = every_blender(
        ["project", {"size": [320, 240], "frames": [1, 9], "save": str(folder / "twice.blend")}],
        ["movie", {"name": "first", "file": footage.movie, "start": 1}],
        ["movie", {"name": "again", "file": footage.movie, "channel": 4, "start": 4}],
        ["cast", {"name": "first", "picture": footage.person}],
        ["cast", {"name": "again", "picture": footage.second_person}],
        ["render", {"out": str(folder / "twice_"), "report": str(folder / "twice.json")}],
        ["tune", {"settings": {"show_render": False}, "index": 0}],
        ["tune", {"settings": {"show_render": False}, "index": 1}],
        ["render", {"out": str(folder / "nobody_"), "report": str(folder / "nobody.json")}],
    )
    report, nobody = answers[5], answers[-1]
    # Frames 4 to 9 of the lower clip are under the upper one, and are made all the same: it may be faded.
    assert report["shown"]["swapped"] == 9 + 6
    assert report["stages"]["detect"]["run"] <= 12  # the clip has so many frames: none is analysed twice
    twice, plain = pictures(folder, "twice"), pictures(folder, "nobody")
    for frame in range(1, 10):
        number = frame - 1 if frame < 4 else frame - 4
        assert footage.number_in(twice[frame]) == number
        assert np.abs(twice[frame].astype(int) - plain[frame]).max() > 20
    # The same source frame with another person.
    assert (twice[1] != twice[4]).any()
    assert (plain[1] == plain[4]).all()
    assert nobody["shown"]["original"] == {"no modifier is enabled": 15}


def test_of_two_modifiers_on_one_face_the_last_lies_on_top(every_blender, footage):
    folder = every_blender.folder / "top"
    folder.mkdir()
    blend = str(folder / "top.blend")
    every_blender(
        ["project", {"size": [320, 240], "frames": [2, 2], "save": blend}],
        ["movie", {"name": "clip", "file": footage.movie}],
        ["cast", {"name": "clip", "picture": footage.person}],
        ["cast", {"name": "clip", "picture": footage.second_person, "settings": {"fusion.opacity": 0.5}}],
        ["save", {}],
        ["render", {"out": str(folder / "top_")}],
    )
    both = layer_of(folder, 1)
    alone = []
    for hidden in (1, 0):
        every_blender(
            ["load", {"path": blend}],
            ["tune", {"settings": {"show_render": False}, "index": hidden}],
            ["render", {"out": str(folder / f"without_{hidden}_")}],
        )
        alone.append(layer_of(folder, 1))
    (lower, upper), over = [layer / 255.0 for layer in alone], alone[1][..., 3:] / 255.0
    alpha = over + lower[..., 3:] * (1 - over)
    colour = upper[..., :3] * over + lower[..., :3] * lower[..., 3:] * (1 - over)
    assert 0.4 < over.max() < 0.6 < alpha.max()
    assert np.abs(both[..., 3:] / 255.0 - alpha).max() <= 1.01 / 255
    assert np.abs(both[..., :3] / 255.0 * (both[..., 3:] / 255.0) - colour).max() <= 2 / 255
