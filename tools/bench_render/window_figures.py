# SPDX-License-Identifier: GPL-3.0-or-later
"""The figures that a slider's moves in Blender's window come to: with OpenGL and a screen, and without either."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields
from statistics import mean
from typing import Any

from understudy.core.errors import OutputError

from .percentiles import percentiles
from .redraw_phases import Drawing, Phases, draw_moments, phases, redraws

_NOOP_RENDERER = "NOOP"
"""What Mesa's driver that does nothing calls itself."""


def without_opengl(facts: Mapping[str, Any]) -> dict[str, Any]:
    """Return what all of Blender's work comes to but drawing itself, in milliseconds as percentiles.

    `live_ms` is from the property being set until the preview and all regions before it have been drawn by calls
    that come to nothing; `live_parts_ms` are the `Phases` it adds up from, `live_redraw_ms` Blender's own redraws
    where nothing was rewritten. Not in it: what the graphics driver, the card and the screen take.
    `live_late` is how many of the `live_moves` Blender did not wait for until they were fused: it has drawn the old
    picture then, and the last redraw that came counts.
    """
    if facts["opengl"] != _NOOP_RENDERER:
        raise OutputError(
            f"this Mesa draws with {facts['opengl']} where it should draw nothing: run `make window`"
        )
    late = [_is_late(move, facts["waits"]) for move in _moves(facts)]
    ends = [
        _draw_moments(move)[-1 if waited else 0] for move, waited in zip(facts["moves"], late, strict=True)
    ]
    redrawn = {name: [_draw_moments(one)[0] for one in entries] for name, entries in facts["redraws"].items()}
    return {
        "live_ms": percentiles(ends),
        "live_parts_ms": _parts(facts["moves"], ends),
        "live_redraw_ms": {name: percentiles(entries) for name, entries in redrawn.items()},
        "live_moves": len(ends),
        "live_late": sum(late),
    }


def on_screen(facts: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a move takes until the screen shows it, in milliseconds as percentiles.

    `live_window_ms` is all of it, `live_window_parts_ms` the `Phases` it adds up from, and
    `live_window_written_ms` until the new layer image lies there. `window_redraw_ms` is Blender's own where
    nothing was rewritten.
    """
    moves = _moves(facts)
    ends = [move["visible"] for move in moves]
    parted = [phases(_drawings(move), end) for move, end in zip(moves, ends, strict=True)]
    early = sum(
        one is None or move["written"] is None or move["written"] > end - one.rest
        for move, end, one in zip(moves, ends, parted, strict=True)
    )
    if early:
        raise OutputError(f"{early} of {len(moves)} moves were seen before they were written or drawn")
    until = [[entry for entry in _drawings(move) if entry.moment <= move["visible"]] for move in moves]
    return {
        "live_window_ms": percentiles(ends),
        "live_window_parts_ms": _parts(moves, ends),
        "live_window_written_ms": percentiles([move["written"] for move in moves]),
        "live_window_redraws": round(mean(len(redraws(entries)) for entries in until), 2),
        "window_redraw_ms": {
            name: percentiles([one["visible"] for one in entries])
            for name, entries in facts["redraws"].items()
        },
    }


def table(facts: Mapping[str, Any]) -> str:
    """Return these figures as lines to print."""
    late, moves = facts["live_late"], facts["live_moves"]
    blocks = (
        (
            "live_ms",
            "live_parts_ms",
            "live_redraw_ms",
            f"a window without OpenGL; {late} of {moves} moves were late",
        ),
        (
            "live_window_ms",
            "live_window_parts_ms",
            "window_redraw_ms",
            f"by Xvfb and software OpenGL, {facts['live_window_redraws']:.2f} redraws of the window a move",
        ),
    )
    lines = []
    for whole, parts, redrawn, about in blocks:
        lines.append(_line(whole, facts[whole]) + f": {about}; its parts; Blender's redraws without us")
        lines += [_line(f"  {name}", entry) for name, entry in facts[parts].items()]
        lines += [_line(f"  redraw {name}", entry) for name, entry in facts[redrawn].items()]
    return "\n".join([*lines, _line("live_window_written_ms", facts["live_window_written_ms"])])


def _line(name: str, entry: Mapping[str, float]) -> str:
    return f"{name:<24}{entry['p50']:>8.2f}  (p95 {entry['p95']:.2f})"


def _moves(facts: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    moves: Sequence[Mapping[str, Any]] = facts["moves"]
    if not moves:
        raise OutputError("no move of the slider was measured: ask for at least one")
    return moves


def _is_late(move: Mapping[str, Any], waits: float) -> bool:
    """Tell whether an update of the scene took as long as Blender waits for the fusion, or did not end."""
    return any(len(update) < 2 or update[1] - update[0] >= waits for update in move["updates"])


def _draw_moments(change: Mapping[str, Any]) -> list[float]:
    moments = draw_moments(_drawings(change))
    if not moments:
        raise OutputError("the preview was not drawn after a change: run the bench while nothing else runs")
    return moments


def _drawings(change: Mapping[str, Any]) -> list[Drawing]:
    return [Drawing(*entry) for entry in change["drawings"]]


def _parts(changes: Sequence[Mapping[str, Any]], ends: Sequence[float]) -> dict[str, dict[str, float]]:
    parted = [phases(_drawings(change), end) for change, end in zip(changes, ends, strict=True)]
    rows = [asdict(one) for one in parted if one is not None]
    return {part.name: percentiles([one[part.name] for one in rows]) for part in fields(Phases)}
