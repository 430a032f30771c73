# SPDX-License-Identifier: GPL-3.0-or-later
"""The bench as one picture: passes by stage, passes by size, cost by length. Drawn with OpenCV alone."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from understudy.core.errors import OutputError
from understudy.core.face.types import Pixels

_WIDE, _HIGH, _EDGE = 760, 440, 70
_INK, _PALE, _PAPER = (40, 40, 40), (215, 215, 215), (255, 255, 255)
# Colours (RGB) that stay apart for colour-blind readers; Okabe and Ito, "Color Universal Design", 2008.
_COLOURS = {
    "Blender": (170, 170, 170),
    "detect": (0, 114, 178),
    "landmark": (86, 180, 233),
    "embed": (0, 158, 115),
    "swap": (230, 159, 0),
    "fuse": (213, 94, 0),
    "other": (204, 121, 167),
}
_LINES = ((0, 114, 178), (213, 94, 0), (0, 158, 115), (204, 121, 167), (110, 110, 110))

Canvas = Pixels


def draw(path: Path, report: Mapping[str, Any]) -> None:
    """Draw a report's panels side by side. OutputError where the picture can't be written."""
    panels = [_stages(report["passes"])]
    if report["sizes"]:
        panels.append(_sizes(report["sizes"]))
    if report["lengths"]:
        panels.append(_lengths(report["lengths"]))
    write_panels(path, panels)


def write_panels(path: Path, panels: Sequence[Canvas]) -> None:
    """Write panels side by side. OutputError where the picture can't be written."""
    picture = cv2.cvtColor(np.concatenate(panels, 1), cv2.COLOR_RGB2BGR)
    if not cv2.imwrite(str(path), picture):
        raise OutputError(f"can't write {path}: check the folder and free space")


def _stages(passes: Mapping[str, Any]) -> Canvas:
    """Stacked bars: milliseconds a frame of each pass. Stages that ran beside Blender may add up to more."""
    canvas = _panel("Milliseconds a frame at 1080p, by stage")
    plain = passes["plain"]["ms"]["median"]
    bars = {}
    for name, facts in passes.items():
        whole = facts["ms"]["median"]
        added, busy = max(whole - plain, 0.0), sum(facts["stages_ms"].values())
        # What ran beside Blender took no time of its own: the stages are scaled to what was added.
        scale = min(1.0, added / busy) if busy else 0.0
        parts = {"Blender": min(plain, whole)}
        parts |= {stage: ms * scale for stage, ms in facts["stages_ms"].items()}
        parts["other"] = max(added - busy, 0.0)
        bars[name] = parts
    top = _axis(canvas, max(sum(parts.values()) for parts in bars.values()))
    step = (_WIDE - 2 * _EDGE) / len(bars)
    for place, (name, parts) in enumerate(bars.items()):
        left, below = round(_EDGE + step * (place + 0.2)), 0.0
        for stage, ms in parts.items():
            foot, head = _height(below, top), _height(below + ms, top)
            cv2.rectangle(canvas, (left, head), (left + round(step * 0.6), foot), _COLOURS[stage], cv2.FILLED)
            below += ms
        _write(canvas, f"{below:.0f}", (left, _height(below, top) - 6))
        _write(canvas, name, (left, _HIGH - _EDGE + 20))
    for place, (stage, colour) in enumerate(_COLOURS.items()):
        x = _EDGE + 92 * place
        cv2.rectangle(canvas, (x, _HIGH - 30), (x + 10, _HIGH - 20), colour, cv2.FILLED)
        _write(canvas, stage, (x + 15, _HIGH - 20))
    return canvas


def _sizes(sizes: Mapping[str, Any]) -> Canvas:
    """Lines: each pass over the height of the picture."""
    heights = sorted(sizes, key=int)
    names = list(sizes[heights[0]])
    lines = {name: [sizes[height][name]["ms"]["median"] for height in heights] for name in names}
    return curves("Milliseconds a frame by size", [f"{height}p" for height in heights], lines)


def _lengths(lengths: Mapping[str, Any]) -> Canvas:
    """Lines: what a frame costs over the clip's length."""
    counts = sorted(lengths, key=int)
    lines = {
        f"{name}, {kind}": [lengths[count][name][kind]["median"] for count in counts]
        for name in ("cold", "tweak")
        for kind in ("wall", "processor")
    }
    return curves("Milliseconds a frame (240p) by length", [f"{count} frames" for count in counts], lines)


def curves(title: str, marks: Sequence[str], lines: Mapping[str, Sequence[float]]) -> Canvas:
    """Draw a panel of lines, a value each at every mark; no value is below 0."""
    canvas = _panel(title)
    top = _axis(canvas, max(max(values) for values in lines.values()))
    step = (_WIDE - 2 * _EDGE) / max(len(marks), 1)
    places = [round(_EDGE + step * (place + 0.5)) for place in range(len(marks))]
    for x, mark in zip(places, marks, strict=True):
        _write(canvas, mark, (x - 30, _HIGH - _EDGE + 20))
    for number, ((name, values), colour) in enumerate(zip(lines.items(), _LINES, strict=False)):
        points = [(x, _height(ms, top)) for x, ms in zip(places, values, strict=True)]
        cv2.polylines(canvas, [np.array(points, np.int32)], False, colour, 2, cv2.LINE_AA)
        for point in points:
            cv2.circle(canvas, point, 4, colour, cv2.FILLED, cv2.LINE_AA)
        x = _EDGE + 130 * number
        cv2.line(canvas, (x, _HIGH - 25), (x + 12, _HIGH - 25), colour, 2)
        _write(canvas, name, (x + 17, _HIGH - 20))
    return canvas


def _panel(title: str) -> Canvas:
    canvas = np.full((_HIGH, _WIDE, 3), _PAPER, np.uint8)
    cv2.putText(canvas, title, (_EDGE, 34), cv2.FONT_HERSHEY_SIMPLEX, 0.6, _INK, 1, cv2.LINE_AA)
    return canvas


def _axis(canvas: Canvas, most: float) -> float:
    """Draw lines across at round numbers; return the value at the top."""
    step = next(
        step for power in range(6) for step in (10**power, 2 * 10**power, 5 * 10**power) if most <= 6 * step
    )
    top = step * max(int(np.ceil(most / step)), 1)
    for value in range(0, top + 1, step):
        y = _height(value, top)
        cv2.line(canvas, (_EDGE, y), (_WIDE - _EDGE, y), _INK if value == 0 else _PALE, 1)
        _write(canvas, str(value), (_EDGE - 36, y + 4))
    return float(top)


def _height(value: float, top: float) -> int:
    return round(_HIGH - _EDGE - value / top * (_HIGH - 2 * _EDGE))


def _write(canvas: Canvas, text: str, place: tuple[int, int]) -> None:
    cv2.putText(canvas, text, place, cv2.FONT_HERSHEY_SIMPLEX, 0.42, _INK, 1, cv2.LINE_AA)
