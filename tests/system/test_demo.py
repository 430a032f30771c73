# SPDX-License-Identifier: GPL-3.0-or-later
"""The demo, small, in real Blender: what each pass may and may not run, and what it promises to report."""

import json
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from understudy.core.media.open import open_clip

ROOT = Path(__file__).resolve().parents[2]
FRAMES = 4
STAGES = {"detect", "landmark", "embed", "swap", "fuse"}
pytestmark = pytest.mark.blender


def demo(*arguments):
    return subprocess.run(
        [sys.executable, "-m", "tools.demo", *map(str, arguments)],
        check=False, cwd=ROOT, capture_output=True, text=True, timeout=300,
    )  # fmt: skip


@pytest.fixture(scope="module")
def output(tmp_path_factory):
    folder = tmp_path_factory.mktemp("demo")
    done = demo("--frames", FRAMES, "--scale", 0.5, "--repeats", 1, "--output", folder)
    assert done.returncode == 0, done.stdout + done.stderr
    (folder / "said.txt").write_text(done.stdout)
    return folder


@pytest.fixture(scope="module")
def passes(output):
    return json.loads((output / "report.json").read_text())["passes"]


def runs(entry):
    return {stage: counts["run"] for stage, counts in entry["stages"].items()}


def test_the_report_has_the_promised_shape(output, passes):
    report = json.loads((output / "report.json").read_text())
    assert set(report) == {"passes", "ratios"}
    assert set(report["ratios"]) == {"tweak_vs_plain", "again_vs_plain"}
    assert list(passes) == ["plain", "cold", "again", "tweak", "source"]
    for entry in passes.values():
        assert set(entry) == {"seconds", "frames", "models_loaded", "frames_decoded", "stages"}
        assert entry["frames"] == FRAMES
        assert entry["seconds"] > 0
        assert set(entry["stages"]) == STAGES
        assert all(set(counts) == {"run", "hit"} for counts in entry["stages"].values())
    for name, ratio in report["ratios"].items():
        assert ratio == pytest.approx(
            passes[name.removesuffix("_vs_plain")]["seconds"] / passes["plain"]["seconds"], abs=1e-3
        )


def test_plain_is_blender_alone(passes):
    assert passes["plain"]["models_loaded"] == passes["plain"]["frames_decoded"] == 0
    assert all(counts == {"run": 0, "hit": 0} for counts in passes["plain"]["stages"].values())


def test_cold_runs_every_stage_for_every_frame(passes):
    assert runs(passes["cold"]) == dict.fromkeys(STAGES, FRAMES)
    assert passes["cold"]["models_loaded"] == 2
    assert passes["cold"]["frames_decoded"] == FRAMES


def test_an_untouched_project_runs_nothing(passes):
    assert runs(passes["again"]) == dict.fromkeys(STAGES, 0)
    assert passes["again"]["models_loaded"] == passes["again"]["frames_decoded"] == 0
    assert passes["again"]["stages"]["fuse"]["hit"] == FRAMES


def test_a_fusion_tweak_runs_fusion_alone(passes):
    assert runs(passes["tweak"]) == {**dict.fromkeys(STAGES, 0), "fuse": FRAMES}
    assert passes["tweak"]["models_loaded"] == passes["tweak"]["frames_decoded"] == 0


def test_another_source_analyses_no_frame_again(passes):
    assert runs(passes["source"]) == {**dict.fromkeys(STAGES, 0), "swap": FRAMES, "fuse": FRAMES}


def test_pixels_outside_the_layer_are_blenders_own_and_those_inside_are_not(output):
    stills = sorted((output / "stills").glob("with_*.png"))
    assert stills
    for with_layer in stills:
        number = int(with_layer.stem.rpartition("_")[2])
        swapped = cv2.imread(str(with_layer))
        bare = cv2.imread(str(output / "stills" / f"without_{number:04d}.png"))
        changed = (swapped != bare).any(2)
        rows, columns = np.nonzero(changed)
        assert 2000 < changed.sum() < 0.2 * changed.size
        # The face is about 210 pixels high; the picture around it moves along with its new form.
        assert np.ptp(rows) < 400
        assert np.ptp(columns) < 400
    assert "differ from the render without the modifier: 0\n" in (output / "said.txt").read_text()


def test_the_rendered_clips_show_what_their_pass_asked_for(output):
    shown = {}
    for name in ("plain", "cold", "again", "tweak", "source"):
        with open_clip(output / f"{name}.mp4") as clip:
            assert clip.info.frame_count == FRAMES
            assert (clip.info.width, clip.info.height) == (960, 540)
            shown[name] = np.asarray(clip.read(FRAMES // 2)).astype(float)
    face = np.abs(shown["cold"] - shown["plain"]).max(2) > 40
    assert face.sum() > 1000
    changes = {name: np.abs(shown[name] - shown["plain"])[face].mean() for name in shown}
    assert np.array_equal(shown["again"], shown["cold"])
    # Blend .6 shows six tenths of the change; H.264 takes its share.
    assert changes["tweak"] / changes["cold"] == pytest.approx(0.6, abs=0.08)
    assert np.abs(shown["source"] - shown["cold"])[face].mean() > 15


def test_the_contact_sheet_has_a_column_for_each_image_and_the_mask(output):
    sheet = cv2.imread(str(output / "contact_sheet.png"))
    assert sheet.shape[1] == 5 * 320 + 4 * 6
    mask = sheet[60:, -300:]
    assert np.ptp(mask.astype(int), axis=2).max() == 0
    assert mask.max() > 240


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("--clip", "missing.mp4"), "missing.mp4"),
        (("--face", "tests/conftest.py", "--frames", "1", "--scale", "0.2"), "conftest.py"),
        (("--frames", "0"), "--frames"),
    ],
)
def test_bad_input_gets_one_line_and_a_non_zero_exit(tmp_path, arguments, reason):
    done = demo(*arguments, "--output", tmp_path)
    assert done.returncode != 0
    lines = done.stderr.strip().splitlines()
    assert len(lines) == 1, done.stderr
    assert reason in lines[0]
