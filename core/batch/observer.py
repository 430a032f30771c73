# SPDX-License-Identifier: GPL-3.0-or-later
"""Who hears of a render while it goes on, and can stop it."""

from typing import Protocol


class RenderObserver(Protocol):
    """Hears how far the render of a movie is."""

    def check_stop(self) -> None:
        """Raise what ends the program, if it was asked to end; called before each frame."""
        ...

    def on_warning(self, text: str) -> None:
        """Hear what of the clip the movie won't have, before the first frame."""
        ...

    def on_look(self, count: int, total: int) -> None:
        """Hear that `count` of `total` frames were looked at for faces, before the first is rendered; begins with 0."""
        ...

    def on_frame(self, count: int, total: int) -> None:
        """Hear that `count` of the movie's `total` frames are done; begins before the first that is rendered."""
        ...
