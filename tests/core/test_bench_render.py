# SPDX-License-Identifier: GPL-3.0-or-later
"""The bench's arithmetic, on made measurements: what it divides by what, and what it draws."""

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from understudy.core.errors import OutputError
from understudy.tools.bench_render.passes import NAMES, Round, by_stage, ratios
from understudy.tools.bench_render.plot import draw
from understudy.tools.bench_render.spread import percentiles, spread
from understudy.tools.bench_render.window import summed_up, table, window_folder
from understudy.tools.demo.project import Pass

STAGES = ("detect", "landmark", "embed", "swap", "fuse")


def a_pass(seconds: float, processor: float = 1.0) -> Pass:
    counts = {stage: {"run": 10, "hit": 0} for stage in STAGES}
    return Pass(seconds, processor, 10, 0, 0, counts, dict.fromkeys(STAGES, 0.02))


def a_round(plain: tuple[float, float], others: float) -> Round:
    passes = {name: [a_pass(others, 3.0)] for name in NAMES}
    return Round({**passes, "plain": [a_pass(seconds) for seconds in plain]})


def test_a_ratio_is_the_median_of_each_rounds_own() -> None:
    """A machine that is three times slower in one round changes no ratio."""
    rounds = [a_round((1.0, 1.0), 1.2), a_round((3.0, 3.0), 3.6), a_round((1.0, 3.0), 3.0)]
    told = ratios(rounds, "tweak")
    assert told["median"] == pytest.approx(1.2)
    assert (told["low"], told["high"], told["count"]) == (1.2, 1.5, 3)
    assert told["processor"] == {"median": 3.0, "low": 3.0, "high": 3.0, "count": 3}


def test_a_pass_is_told_by_the_frame_and_by_the_stage() -> None:
    told = by_stage([a_round((1.0, 2.0), 3.0)])
    assert told["plain"]["ms"]["median"] == 150.0
    assert told["cold"]["stages_ms"] == dict.fromkeys(STAGES, 2.0)
    assert told["cold"]["ran"] == dict.fromkeys(STAGES, 10)


def test_percentiles_and_spread() -> None:
    assert percentiles(list(range(101))) == {"p50": 50.0, "p95": 95.0}
    assert spread([3.0, 1.0, 2.0]) == {"median": 2.0, "low": 1.0, "high": 3.0, "count": 3}


def test_the_plot_shows_a_dearer_pass_as_a_higher_bar(tmp_path: Path) -> None:
    def height_of(seconds: float) -> int:
        one = a_round((1.0, 1.0), 1.0)
        one = replace(one, passes={**one.passes, "cold": [a_pass(seconds)]})
        path = tmp_path / f"{seconds}.png"
        draw(path, {"passes": by_stage([one]), "sizes": {}, "lengths": {}})
        picture = cv2.imread(str(path))
        assert picture is not None
        # Grey and coloured bars differ from the paper, its lines and the ink of letters.
        column = picture[60:370, 70 + 124 + 62].astype(int)
        return int(((column < 200).any(1) & (np.ptp(column, axis=1) > 40)).sum())

    assert height_of(4.0) > height_of(1.5) > 0


def test_a_move_in_the_window_is_told_as_parts_that_follow_each_other() -> None:
    def move(written: float | None) -> dict[str, float | None]:
        return {"written": written, "drawn": 50.0, "visible": 80.0, "draws": 2}

    redraws = {"plain": [10.0, 20.0, 30.0], "changed": [5.0]}
    told = summed_up({"moves": [move(20.0), move(20.0)], "redraws": redraws})
    parts = {name: entry["p50"] for name, entry in told["live_window_parts_ms"].items()}
    assert parts == {"written": 20.0, "drawn": 30.0, "screen": 30.0}
    assert sum(parts.values()) == told["live_window_ms"]["p50"] == 80.0
    assert told["window_redraw_ms"]["plain"] == {"p50": 20.0, "p95": 29.0}
    assert "drawn 2 times a move" in table(told)
    # A screen that changed before anything was written showed something else than the move.
    with pytest.raises(OutputError, match="1 of 2 moves were seen before"):
        summed_up({"moves": [move(20.0), move(None)], "redraws": redraws})


def test_where_no_window_was_made_it_is_said_and_nothing_is_fetched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UNDERSTUDY_BLENDER_FOLDER", str(tmp_path / "none"))
    with pytest.raises(OutputError, match="run `make window`"):
        window_folder()
    assert list(tmp_path.iterdir()) == []
