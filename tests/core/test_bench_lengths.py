# SPDX-License-Identifier: GPL-3.0-or-later
"""How the bench compares a long clip with a short one: on few frames, but with all that is measured."""

from pathlib import Path

import numpy as np
import pytest
from footage.portrait import portrait, write_picture
from understudy.core.errors import UnderstudyError
from understudy.core.media.open import open_clip
from understudy.tools.bench_render.lengths import measure_lengths
from understudy.tools.bench_render.material import LOOP, Material, prepare_material

pytestmark = pytest.mark.slow


SHORT, LONG = 40, 120


@pytest.fixture(scope="module")
def material(tmp_path_factory: pytest.TempPathFactory) -> Material:
    return prepare_material(tmp_path_factory.mktemp("material"), None, None)


@pytest.mark.long
def test_a_looped_clip_shows_the_same_again_with_other_grain(material: Material) -> None:
    with open_clip(material.make_loop(LOOP + 31)) as clip:
        frames = {number: clip.read(number).astype(float) for number in (10, 30, 70, LOOP + 30)}
    for number in (70, LOOP + 30):
        assert 0.5 < np.abs(frames[number] - frames[30]).mean() < 4
    assert np.abs(frames[10] - frames[30]).mean() > 8


@pytest.mark.long
def test_every_length_is_compared_with_the_shortest_at_that_moment(
    material: Material, tmp_path: Path
) -> None:
    folder = tmp_path / "lengths"
    figures = measure_lengths(material.make_loop, (SHORT, LONG), material.face, folder, SHORT, tweaks=2)
    assert list(figures) == [str(SHORT), str(LONG)]
    for facts in figures.values():
        for kind, count in (("cold", 3), ("tweak", 6)):
            assert {facts[kind]["wall"]["count"], facts["growth"][kind]["processor"]["count"]} == {count}
        # From nothing the models run; a tweak only fuses.
        assert facts["cold"]["processor"]["median"] > 3 * facts["tweak"]["processor"]["median"] > 0
        assert facts["peak_mib"] > 100
    assert all(figures[str(SHORT)]["growth"][kind]["wall"]["high"] == 1 for kind in ("cold", "tweak"))
    assert not folder.exists()


def test_a_clip_that_cannot_be_made_is_reported_with_its_reason(tmp_path: Path) -> None:
    face = write_picture(tmp_path / "face.png", portrait())

    def unreadable(count: int) -> Path:
        path = tmp_path / f"{count}.mp4"
        path.write_bytes(b"no movie")
        return path

    with pytest.raises(UnderstudyError, match=rf"{SHORT}\.mp4"):
        measure_lengths(unreadable, (SHORT, LONG), face, tmp_path / "lengths", SHORT, tweaks=1)
    assert not (tmp_path / "lengths").exists()
