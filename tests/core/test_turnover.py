# SPDX-License-Identifier: GPL-3.0-or-later
"""`understudy turnover`: its layers make the rendered frame again, say what they say, and carry their marks."""

import json
import shutil
import subprocess
from contextlib import closing

import cv2
import numpy as np
import pytest
from exr_files import write_exr
from exr_layers import read_exr_channels, stack_channels
from report_stages import stage_runs
from understudy.core.cache.stores.memory import MemoryStore
from understudy.core.cli.main import main
from understudy.core.errors import MessageError
from understudy.core.geometry.mesh_topology import load_topology
from understudy.core.media.exr import decode_srgb
from understudy.core.media.light_image import decode_light
from understudy.core.media.light_space import LightSpace
from understudy.core.media.open import open_clip
from understudy.core.media.source import ClipSource
from understudy.core.models.embedded import embedded_models
from understudy.core.pipeline.pipeline import Pipeline
from understudy.core.provenance.verify import INTACT, UNMARKED, verify_file
from understudy.core.recipe import Recipe, with_settings
from understudy.core.recipe.clip_swap import swaps_of_frames
from understudy.core.recipe.request import FaceImage, Identity, SwapRequest
from understudy.core.turnover.layer_names import LAYERS
from understudy.core.turnover.request import (
    TurnoverRequest,
    turnover_request_from,
    turnover_request_values,
)

from tests.core import face_clip, nude_clip
from tests.core.batch_folder import two_people
from tests.core.deep_clips import ramp_lit_portrait

pytestmark = pytest.mark.slow

NAME, CONSENT = "Jane-Q-Planted", "planted consent text"
COUNT = 3
REC709 = LightSpace("Linear Rec.709")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    made = tmp_path_factory.mktemp(f"of-{NAME}")
    face_clip.write_clip(made / f"{NAME}.mp4", COUNT)
    face_clip.write_picture(made / f"{NAME}.png", face_clip.make_up_portrait((230, 20, 20)))
    return made


def run(folder, command, clip, output, *more, code=0):
    face, report = folder / f"{NAME}.png", folder / "report.json"
    arguments = [command, clip, "--face", face, "--output", output, "--cache-dir", folder / "cache"]
    assert main([*map(str, (*arguments, "--report", report, *more)), "--quiet"]) == code
    return json.loads(report.read_text()) if code in (0, 3) else {}


def lay_over(original, channels):
    return original * (1 - channels["A"][..., None]) + stack_channels(channels, *"RGB")


@pytest.mark.parametrize("settings", [("swap.shape=0", "fusion.blend=0.7"), ("swap.shape=1",)])
def test_the_rendered_frame_comes_of_the_original_and_rgba_from_the_cache_alone(folder, settings):
    clip, more = folder / f"{NAME}.mp4", [text for one in settings for text in ("--set", one)]
    run(folder, "render", clip, folder / "shot_%05d.png", *more)
    report = run(folder, "turnover", clip, folder / "turnover", *more)
    assert stage_runs(report) == {"fuse": COUNT}
    assert report["frames_decoded"] == report["models_loaded"] == 0
    assert report["warnings"] == []
    with open_clip(clip) as opened:
        originals = [opened.read(number) for number in range(COUNT)]
    for number, original in enumerate(originals):
        channels = read_exr_channels(folder / "turnover" / f"frame_{number:05d}.exr")
        rendered = cv2.imread(str(folder / f"shot_{number:05d}.png"))[..., ::-1]
        assert (rendered != original).any()
        coded = lay_over(original / 255, channels)
        assert np.array_equal(np.rint(coded * 255), rendered)
        assert not stack_channels(channels, *"RGB")[channels["A"] == 0].any()


@pytest.mark.parametrize("half", [True, False])
def test_light_is_laid_over_light(folder, half):
    clip = folder / f"light {half}"
    clip.mkdir()
    light = decode_srgb(ramp_lit_portrait().astype(np.float32))
    light[:, 240:243], light[:, 200:202] = 8.0, -0.05
    path = write_exr(clip / "shot_0000.exr", light, half=half)
    original = decode_light(REC709, path)
    (clip / "shot_0001.exr").write_bytes(path.read_bytes()[:400])
    more = ("--colorspace", "ACEScg")
    run(folder, "render", clip, folder / f"light{half}_%05d.exr", "--fps", "24", *more, code=3)
    report = run(folder, "turnover", clip, folder / f"of {half}", *more, code=3)
    assert report["frames_failed"] == 1
    channels = read_exr_channels(folder / f"of {half}" / "frame_00000.exr")
    rendered = decode_light(REC709, folder / f"light{half}_00000.exr")
    rebuilt = lay_over(original, channels)
    assert ((rendered != original).any(2) & (rendered > 4).all(2)).any()  # a highlight within the face
    if half:  # what is rendered is rounded to half floats
        rebuilt, original = rebuilt.astype(np.float16), original.astype(np.float16)
        assert np.allclose(rebuilt, rendered, rtol=2**-10, atol=1 / 65535)
    else:
        assert np.abs(rebuilt - rendered).max() < 1 / 65535
    manifest = json.loads((folder / f"of {half}" / "manifest.json").read_text())
    assert manifest["color"]["space"] == "ACEScg"
    assert manifest["frames"]["failed"] == [1]
    assert not any(
        plane.any() for plane in read_exr_channels(folder / f"of {half}" / "frame_00001.exr").values()
    )


def test_a_clip_of_16_bits_keeps_them(folder):
    clip, deep = folder / "deep.png", np.round(ramp_lit_portrait() * 65535).astype(np.uint16)
    assert cv2.imwrite(str(clip), np.ascontiguousarray(deep[..., ::-1]))
    run(folder, "render", clip, folder / "deep_%05d.png", "--fps", "24")
    run(folder, "turnover", clip, folder / "deep")
    rendered = cv2.imread(str(folder / "deep_00000.png"), cv2.IMREAD_UNCHANGED)[..., ::-1]
    channels = read_exr_channels(folder / "deep" / "frame_00000.exr")
    assert len(np.unique(channels["G"][channels["A"] == 1])) > 1000
    assert np.abs(lay_over(deep / 65535, channels) - rendered / 65535).max() < 1 / 65535


def test_the_layers_say_where_the_face_is(folder):
    clip = folder / f"{NAME}.mp4"
    run(folder, "turnover", clip, folder / "parts", "--end", "0", "--set", "swap.shape=0")
    channels = read_exr_channels(folder / "parts" / "frame_00000.exr")
    assert sorted(channels) == sorted(name for layer in LAYERS for name in layer.channels)
    store = MemoryStore(1 << 26)
    with open_clip(clip) as opened, closing(Pipeline(store, embedded_models())) as pipeline:
        (face,) = pipeline.faces(opened, 0, Recipe())
    topology, (height, width) = load_topology(), channels["A"].shape
    points = face.landmarks[:468]
    columns, rows = np.rint(points[:, :2]).astype(int).T
    # Points that lie well within the face, whose pixel is on a surface that does not turn away.
    inner = (channels["mask.Y"][rows, columns] > 0.99) & (channels["st.A"][rows, columns] == 1)
    assert inner.sum() > 100
    st = stack_channels(channels, "st.U", "st.V")[rows, columns][inner]
    expected = np.stack([topology.layout[:, 0], 1 - topology.layout[:, 1]], 1)[inner]
    assert np.percentile(np.abs(st - expected).max(1), 90) < 0.02
    depth = channels["depth.Z"][rows, columns][inner]
    assert np.percentile(np.abs(depth - points[inner, 2]), 80) < 1.5
    there = channels["st.A"] > 0
    y, x = np.nonzero(there)
    position = stack_channels(channels, *(f"position.{axis}" for axis in "XYZ"))[there]
    place = np.stack([x - (width - 1) / 2, (height - 1) / 2 - y, -channels["depth.Z"][there]], 1) / height
    assert np.abs(position - place).max() < 1e-5
    for name in ("mask.Y", "occlusion.Y", "st.U", "st.V", "swap.A"):
        assert 0 <= channels[name].min() <= channels[name].max() <= 1, name
    amount = channels["mask.Y"] * (1 - channels["occlusion.Y"])
    assert np.abs(amount - channels["A"]).mean() < 1e-3
    assert np.abs(amount - channels["A"]).max() < 0.25  # edges are scaled up by themselves
    assert not channels["swap.A"][~there].any()
    swap = stack_channels(channels, *(f"swap.{name}" for name in "RGB"))[channels["swap.A"] == 1]
    assert (swap[:, 0] > 2 * swap[:, 2]).mean() > 0.9  # red make-up, in no light of the clip


def test_ids_say_which_swap_is_shown(folder):
    clip = folder / "pair.png"
    assert cv2.imwrite(str(clip), np.ascontiguousarray(two_people(0)[..., ::-1]))
    face, swaps = folder / f"{NAME}.png", folder / "swaps.toml"
    tables = (
        f'[[swap]]\nface = "{face}"\nset = ["select.which={which}"]\nconsent = "{CONSENT}"\n'
        for which in ("rightmost", "leftmost")
    )
    swaps.write_text("".join(tables))
    output = folder / "pair"
    assert main(["turnover", str(clip), "--swaps", str(swaps), "--output", str(output), "--quiet"]) == 0
    ids = read_exr_channels(output / "frame_00000.exr")["id.Y"]
    assert set(np.unique(ids)) == {0, 1, 2}
    assert np.nonzero(ids == 2)[1].mean() < np.nonzero(ids == 1)[1].mean()
    manifest = json.loads((output / "manifest.json").read_text())
    assert [entry["settings"]["select.which"] for entry in manifest["ids"]] == ["rightmost", "leftmost"]


def test_files_carry_marks_and_no_name(folder, monkeypatch):
    output = folder / "marked"
    run(folder, "turnover", folder / f"{NAME}.mp4", output, "--end", "1", "--consent", CONSENT)
    for number in range(2):
        verdict = verify_file(output / f"frame_{number:05d}.exr")
        assert verdict.state == INTACT, verdict
        assert verdict.consent == CONSENT
    for path in (output / "manifest.json", *output.glob("*.exr")):
        data = path.read_bytes()
        assert not [text for text in (NAME, CONSENT, str(folder)) if text.encode() in data], path
    monkeypatch.setenv("UNDERSTUDY_MARKS", "off")
    plain = folder / "plain"
    run(folder, "turnover", folder / f"{NAME}.mp4", plain, "--end", "0")
    assert verify_file(plain / "frame_00000.exr").state == UNMARKED
    more = ("--end", "0", "--require-marks")
    run(folder, "turnover", folder / f"{NAME}.mp4", folder / "refused", *more, code=1)
    assert not (folder / "refused").exists()


@pytest.mark.parametrize(
    ("output", "more", "text"),
    [
        (f"{NAME}.png", (), "is not a folder"),
        ("nowhere/turnover", (), "make it first"),
        ("refused_%05d.exr", (), "give a folder; its files are named frame_%05d.exr"),
        ("n" * 300, (), "choose another place"),
        ("refused", ("--require-consent",), "no consent of its source person is recorded"),
        ("refused", ("--start", "9"), "does not have"),
        ("refused", ("--colorspace", "ACEScg"), "is for OpenEXR, DPX and float TIFF images"),
    ],
)
def test_a_fault_is_one_line_and_nothing_is_written(folder, capsys, output, more, text):
    run(folder, "turnover", folder / f"{NAME}.mp4", folder / output, *more, code=1)
    (line,) = capsys.readouterr().err.splitlines()
    assert text in line
    assert not (folder / "refused").exists()


@pytest.mark.parametrize("name", ["frame_00000.exr", "shot.0001.exr"])
def test_the_clip_s_own_images_are_never_overwritten_or_added_to(folder, tmp_path, capsys, name):
    clip = tmp_path / "own"
    clip.mkdir()
    path = write_exr(clip / name, np.zeros((64, 64, 3), np.float32))
    before = path.read_bytes()
    run(folder, "turnover", clip, clip, "--colorspace", "ACEScg", code=1)
    assert "it has the clip's images" in capsys.readouterr().err
    assert path.read_bytes() == before
    assert [*clip.glob("*.exr")] == [path]


def test_what_the_safeguard_refuses_is_refused_before_the_first_file(folder, tmp_path, monkeypatch, capfd):
    monkeypatch.setenv("UNDERSTUDY_SAFEGUARD", "on")
    monkeypatch.setenv("UNDERSTUDY_MODELS", str(nude_clip.write_model(tmp_path / "models")))
    run(folder, "turnover", nude_clip.write_clip(tmp_path / "clip.mp4"), tmp_path / "turnover", code=1)
    (line,) = capfd.readouterr().err.splitlines()
    assert "the shot shows nudity" in line
    assert not (tmp_path / "turnover").exists()


def test_a_request_goes_to_another_process_and_back(tmp_path):
    source = ClipSource(True, (tmp_path / "clip.mp4",))
    asked = [
        SwapRequest(Identity((FaceImage(tmp_path / "person.png"),)), with_settings(Recipe(), [setting]))
        for setting in ("fusion.blend=0.2", "fusion.blend=0.7")
    ]
    frames = {3: asked[:1], 4: asked[1:], 6: asked[:1]}
    request = TurnoverRequest(
        source, swaps_of_frames(frames), tmp_path / "out", 3, 6, "24", marks_files=False
    )
    values = json.loads(json.dumps(turnover_request_values(request)))
    assert turnover_request_from(values, source) == request
    assert len(values["requests"]) == 2
    for name, wrong in (
        ("swaps", []),
        ("swaps", [[[5, 0, 1]]]),
        ("swaps", [[[0, 2, 1]]]),
        ("last", 2),
        ("folder", ""),
    ):
        with pytest.raises(MessageError):
            turnover_request_from({**values, name: wrong}, source)


@pytest.mark.skipif(shutil.which("exrinfo") is None, reason="needs OpenEXR's tools (apt-get install openexr)")
def test_openexrs_own_tools_read_its_files(folder):
    run(folder, "turnover", folder / f"{NAME}.mp4", folder / "tools", "--end", "0", "--set", "swap.shape=0")
    command = ["exrinfo", "--strict", "--verbose", str(folder / "tools" / "frame_00000.exr")]
    output = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert all(f"'{name}'" in output for layer in LAYERS for name in layer.channels)
