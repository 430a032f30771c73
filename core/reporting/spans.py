# SPDX-License-Identifier: GPL-3.0-or-later
"""Numbers of frames in few words."""

from collections.abc import Sequence


def frame_spans(numbers: Sequence[int]) -> str:
    """Write ascending numbers shortly: 1, 2, 3, 7 as `frames 1-3, 7 show`, a single one as `frame 7 shows`."""
    runs: list[list[int]] = []
    for number in numbers:
        if runs and number == runs[-1][1] + 1:
            runs[-1][1] = number
        else:
            runs.append([number, number])
    text = ", ".join(str(first) if first == last else f"{first}-{last}" for first, last in runs)
    return f"frames {text} show" if len(numbers) > 1 else f"frame {text} shows"
