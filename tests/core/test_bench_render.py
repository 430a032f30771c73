# SPDX-License-Identifier: GPL-3.0-or-later
"""The bench's arithmetic, on made measurements: what it divides by what, and what it draws."""

from dataclasses import astuple
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from understudy.core.errors import OutputError
from understudy.tools.bench_render.percentiles import percentiles, spread
from understudy.tools.bench_render.plot import draw
from understudy.tools.bench_render.redraw_phases import Drawing, phases, redraws
from understudy.tools.bench_render.rounds import NAMES, Round, by_stage, ratios
from understudy.tools.bench_render.window import window_folder
from understudy.tools.bench_render.window_figures import on_screen, table, without_opengl
from understudy.tools.demo.project import Pass

STAGES = ("detect", "landmark", "embed", "swap", "fuse")


def make_pass(seconds: float, processor: float = 1.0) -> Pass:
    counts = {stage: {"run": 10, "hit": 0} for stage in STAGES}
    return Pass(seconds, processor, 10, 0, 0, counts, dict.fromkeys(STAGES, 0.02))


def make_round(plain: tuple[float, float], others: float) -> Round:
    return Round(
        (
            *(("cold", make_pass(others, 3.0)), ("plain", make_pass(plain[0]))),
            *((name, make_pass(others, 3.0)) for name in ("tweak", "again")),
            *(("plain", make_pass(plain[1])), ("source", make_pass(others, 3.0))),
        )
    )


def test_a_ratio_is_the_median_of_each_rounds_own() -> None:
    """A machine that is three times slower in one round changes no ratio."""
    rounds = [make_round((1.0, 1.0), 1.2), make_round((3.0, 3.0), 3.6), make_round((1.0, 3.0), 3.0)]
    ratio = ratios(rounds, "tweak")
    assert ratio["median"] == pytest.approx(1.2)
    assert (ratio["low"], ratio["high"], ratio["count"]) == (1.2, 1.5, 3)
    assert ratio["processor"] == {"median": 3.0, "low": 3.0, "high": 3.0, "count": 3}


def test_a_render_is_compared_with_the_plain_ones_next_to_it() -> None:
    """A machine that grows slower all the time, by as much in each render, changes no ratio."""
    names = ("cold", "plain", "tweak", "plain", "again", "plain", "again", "plain", "source")
    costs = dict.fromkeys(NAMES, 1.0) | {"again": 1.05, "source": 2.0}
    one = Round(tuple((name, make_pass(costs[name] * (1 + place))) for place, name in enumerate(names)))
    assert one.pair_with_plain("again", lambda done: done.seconds) == pytest.approx([1.05, 1.05])
    assert ratios([one], "again")["count"] == 2
    assert ratios([one], "tweak")["median"] == 1.0
    # Nothing plain comes after the last.
    assert one.pair_with_plain("source", lambda done: done.seconds) == pytest.approx([2.0 * 9 / 8])


def test_a_pass_is_reported_per_frame_and_per_stage() -> None:
    figures = by_stage([make_round((1.0, 2.0), 3.0)])
    assert figures["plain"]["ms"]["median"] == 150.0
    assert figures["cold"]["stages_ms"] == dict.fromkeys(STAGES, 2.0)
    assert figures["cold"]["ran"] == dict.fromkeys(STAGES, 10)


def test_percentiles_and_spread() -> None:
    assert percentiles(list(range(101))) == {"p50": 50.0, "p95": 95.0}
    assert spread([3.0, 1.0, 2.0]) == {"median": 2.0, "low": 1.0, "high": 3.0, "count": 3}


def test_the_plot_shows_a_dearer_pass_as_a_higher_bar(tmp_path: Path) -> None:
    def height_of(seconds: float) -> int:
        one = make_round((1.0, 1.0), 1.0)
        one = Round((("cold", make_pass(seconds)), *one.renders[1:]))
        path = tmp_path / f"{seconds}.png"
        draw(path, {"passes": by_stage([one]), "sizes": {}, "lengths": {}})
        picture = cv2.imread(str(path))
        assert picture is not None
        # Grey and coloured bars differ from the paper, its lines and the ink of letters.
        column = picture[60:370, 70 + 124 + 62].astype(int)
        return int(((column < 200).any(1) & (np.ptp(column, axis=1) > 40)).sum())

    assert height_of(4.0) > height_of(1.5) > 0


HEADER, TIMELINE, TOOLS = ("HEADER", 1, "POST_PIXEL"), ("WINDOW", 2, "POST_VIEW"), ("TOOLS", 3, "POST_PIXEL")
PICTURE, ABOVE = ("PREVIEW", 4, "POST_VIEW"), ("PREVIEW", 4, "POST_PIXEL")


def make_drawings(*calls: tuple[float, tuple[str, int, str]]) -> list[Drawing]:
    return [Drawing(moment, *call) for moment, call in calls]


def test_the_time_until_a_change_shows_is_parted_where_blender_calls_back() -> None:
    drawings = make_drawings((15.0, HEADER), (20.0, TIMELINE), (30.0, TOOLS), (38.0, PICTURE), (45.0, ABOVE))
    parted = phases(drawings, 80.0)
    assert parted is not None
    assert astuple(parted) == (15.0, 15.0, 8.0, 42.0)


def test_a_redraw_that_did_not_show_the_change_yet_counts_whole() -> None:
    """Its regions and its way to the screen are no drawing that the one that was seen needed."""
    drawings = make_drawings(
        *((15.0, HEADER), (30.0, TOOLS), (38.0, PICTURE), (45.0, ABOVE)),
        *((90.0, HEADER), (95.0, TOOLS), (99.0, PICTURE), (104.0, ABOVE)),
        *((200.0, HEADER), (210.0, TOOLS), (220.0, PICTURE)),
    )
    assert [len(one) for one in redraws(drawings)] == [4, 4, 3]
    parted = phases(drawings, 150.0)
    assert parted is not None
    assert astuple(parted) == (90.0, 5.0, 4.0, 51.0)


def test_where_nothing_calls_before_the_preview_all_is_its_own() -> None:
    parted = phases(make_drawings((38.0, PICTURE), (45.0, ABOVE)), 80.0)
    assert parted is not None
    assert astuple(parted) == (0.0, 0.0, 38.0, 42.0)
    assert phases(make_drawings((15.0, HEADER)), 80.0) is None
    assert phases(make_drawings((15.0, HEADER), (90.0, PICTURE)), 80.0) is None


@given(
    st.lists(
        st.tuples(st.floats(0, 500), st.sampled_from([HEADER, TIMELINE, TOOLS, PICTURE, ABOVE])),
        max_size=20,
    ),
    st.floats(0, 500),
)
def test_the_phases_are_all_of_the_time(
    calls: list[tuple[float, tuple[str, int, str]]], visible: float
) -> None:
    parted = phases(make_drawings(*sorted(calls, key=lambda call: call[0])), visible)
    if parted is not None:
        assert min(astuple(parted)) >= 0
        assert sum(astuple(parted)) == pytest.approx(visible)


def make_change(end: float, written: float | None = None, later: float = 0.0) -> dict[str, object]:
    calls = [(15.0, *HEADER), (30.0, *TOOLS), (38.0 + later, *PICTURE), (50.0 + later, *ABOVE)]
    return {"written": written, "visible": end, "drawings": calls, "updates": [[1.0, 12.0]]}


def test_a_move_on_the_screen_is_reported_by_phase() -> None:
    shown = {"plain": [make_change(90.0), make_change(70.0)]}
    figures = on_screen(
        {"moves": [make_change(80.0, 10.0), make_change(100.0, 12.0, 20.0)], "redraws": shown}
    )
    assert figures["live_window_ms"] == {"p50": 90.0, "p95": 99.0}
    parts = {name: entry["p50"] for name, entry in figures["live_window_parts_ms"].items()}
    assert parts == {"until_drawing": 15.0, "regions": 15.0, "picture": 18.0, "rest": 42.0}
    assert figures["live_window_written_ms"]["p50"] == 11.0
    assert figures["live_window_redraws"] == 1.0
    assert figures["window_redraw_ms"]["plain"] == {"p50": 80.0, "p95": 89.0}
    # A screen that changed before the layer was written, or the preview drawn with it, showed something else.
    for early in (make_change(80.0, None), make_change(80.0, 40.0), make_change(34.0, 10.0)):
        with pytest.raises(OutputError, match="1 of 2 moves were seen before"):
            on_screen({"moves": [make_change(80.0, 10.0), early], "redraws": shown})


def make_scenario_facts(*moves: dict[str, object], opengl: str = "NOOP") -> dict[str, object]:
    return {"moves": moves, "redraws": {"plain": [make_change(0.0)]}, "waits": 25.0, "opengl": opengl}


def test_without_opengl_a_move_ends_when_the_preview_was_drawn() -> None:
    figures = without_opengl(make_scenario_facts(make_change(0.0), make_change(0.0, later=20.0)))
    assert figures["live_ms"] == {"p50": 60.0, "p95": 69.0}
    parts = {name: entry["p50"] for name, entry in figures["live_parts_ms"].items()}
    assert parts == {"until_drawing": 15.0, "regions": 15.0, "picture": 18.0, "rest": 12.0}
    assert figures["live_redraw_ms"] == {"plain": {"p50": 50.0, "p95": 50.0}}
    assert (figures["live_late"], figures["live_moves"]) == (0, 2)
    with pytest.raises(OutputError, match=r"draws with llvmpipe \(LLVM.* where it should draw nothing"):
        without_opengl(make_scenario_facts(make_change(0.0), opengl="llvmpipe (LLVM 22.1.8, 256 bits)"))
    with pytest.raises(OutputError, match="was not drawn after a change"):
        without_opengl(make_scenario_facts(make_change(0.0) | {"drawings": []}))


@pytest.mark.parametrize("updates", [[[1.0, 26.5]], [[1.0, 2.0], [3.0, 60.0]], [[1.0]]])
def test_a_move_that_blender_did_not_wait_for_ends_with_the_last_redraw(updates: list[list[float]]) -> None:
    """The first showed the old picture."""
    again = [(70.0, *HEADER), (75.0, *PICTURE), (77.0, *ABOVE)]
    twice = make_change(0.0) | {"drawings": [*make_change(0.0)["drawings"], *again]}  # type: ignore[misc]
    assert without_opengl(make_scenario_facts(twice))["live_ms"]["p50"] == 50.0
    figures = without_opengl(make_scenario_facts(twice | {"updates": updates}))
    assert figures["live_ms"]["p50"] == 77.0
    assert figures["live_parts_ms"]["until_drawing"]["p50"] == 70.0
    assert figures["live_late"] == 1


def test_the_table_tells_both_wholes_and_their_parts() -> None:
    facts = without_opengl(make_scenario_facts(make_change(0.0))) | on_screen(
        make_scenario_facts(make_change(80.0, 10.0))
    )
    lines = [line.split()[:3] for line in table(facts).splitlines()]
    assert ["live_ms", "50.00", "(p95"] in lines
    assert ["live_window_ms", "80.00", "(p95"] in lines
    assert [line[:2] for line in lines].count(["until_drawing", "15.00"]) == 2
    assert "0 of 1 moves were late" in table(facts)


def test_where_no_window_was_made_it_is_said_and_nothing_is_fetched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UNDERSTUDY_BLENDER_FOLDER", str(tmp_path / "none"))
    with pytest.raises(OutputError, match="run `make window`"):
        window_folder()
    assert list(tmp_path.iterdir()) == []
