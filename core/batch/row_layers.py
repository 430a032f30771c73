# SPDX-License-Identifier: GPL-3.0-or-later
"""What is said of a row in several places: on the command line, in its own table, and for all rows of a file."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from ..errors import BatchError, UnderstudyError
from ..export.inputs import face_images
from ..export.options import CODECS, MAX_QUALITY, PRESETS, SOUND, EncodingChoice
from ..recipe.clip_swap import ClipSwap, swap_everywhere
from .job import MovieJob
from .output_name import format_output
from .patterns import Matches, find_clips, find_people, find_person
from .swap_tables import SwapDefaults, person_request, read_swaps
from .tables import Table

ROW_NAMES = (
    "clip", "clips", "face", "faces", "face-number", "replace", "swap", "take", "output", "set", "start", "end", "fps",
    "consent", "codec", "quality", "preset", "pixel-format", "sdr", "sound", "copy-untouched", "colorspace",
)  # fmt: skip
_T = TypeVar("_T")
_D = TypeVar("_D")
_PEOPLE_NAMES = ("face", "faces", "swap")


@dataclass(frozen=True)
class Take:
    """Who is put into a clip, by whatever name; or why nobody can be."""

    name: str
    swaps: tuple[ClipSwap, ...] = ()
    fault: UnderstudyError | None = None


class RowLayers:
    """Tables that say something of the same rows, the one that counts first."""

    def __init__(self, tables: Sequence[Table]) -> None:
        """The first of the tables is the command line's. Raises BatchError, RecipeError for what no row can be."""
        self._tables = tables
        self._defaults = self._swap_defaults()
        self._defaults.recipe((), by_image=False)
        self._template = self._job()
        self._own_name = self._value("take", Table.text, "")
        self.notes: list[str] = []
        """What patterns have found that is not meant."""

    def clips(self) -> tuple[Path, ...]:
        """Return the clips. Raises BatchError."""
        table = self._first("clip", "clips")
        if table is None:
            raise BatchError("there is no clip: give one with clip, or a pattern with clips (--clips)")
        if "clip" in table and "clips" in table:
            raise table.fault("it has clip and clips: give one of them")
        if "clip" in table:
            return (table.folder / table.text("clip"),)
        return self._noted(find_clips(table.paths("clips")))

    def takes(self) -> Iterator[Take]:
        """Yield who is put into each clip. Raises UnderstudyError."""
        table = self._first(*_PEOPLE_NAMES)
        if table is None:
            raise BatchError(
                "there is no face: give one with face, a pattern with faces (--faces), or [[swap]]"
            )
        given = [name for name in _PEOPLE_NAMES if name in table]
        if len(given) > 1:
            raise table.fault(f"it has {' and '.join(given)}: give one of them")
        if "swap" in table:
            yield self._swap_take(table)
        elif "face" in table:
            yield self._person_take(table.paths("face"), table.counts("face-number"))
        else:
            for path in self._noted(find_people(table.paths("faces"))):
                yield self._person_take([path], [])

    def job(self, clip: Path, take: Take) -> MovieJob:
        """Return what is to be made of a clip. Raises UnderstudyError."""
        if take.fault is not None:
            raise take.fault
        table = self._first("output")
        if table is None:
            raise BatchError(
                "there is no output: give one, such as output = '{clip_stem}_{face_stem}.mp4' (--output)"
            )
        stem = clip.name if clip.is_dir() else clip.stem
        output = table.folder / format_output(table.text("output"), stem or clip.resolve().name, take.name)
        return self._template.with_files(clip, take.swaps, output)

    def _first(self, *names: str) -> Table | None:
        """Return the first table that says any of these."""
        return next((table for table in self._tables if any(name in table for name in names)), None)

    def _noted(self, matches: Matches) -> tuple[Path, ...]:
        self.notes += matches.notes
        return matches.paths

    def _swap_defaults(self) -> SwapDefaults:
        command_line, *others = self._tables
        settings = [text for table in reversed(others) for text in table.settings()]
        return SwapDefaults(
            tuple(settings),
            tuple(command_line.settings()),
            self._value("consent", Table.text, ""),
            command_line.text("consent") if "consent" in command_line else "",
        )

    def _person_take(self, paths: Sequence[Path], face_numbers: Sequence[int]) -> Take:
        try:
            person = find_person(paths, face_numbers)
            replaced = self._first("replace")
            references = face_images([] if replaced is None else replaced.paths("replace"), [])
            request = person_request(person, references, (), self._defaults)
        except UnderstudyError as error:
            return Take(self._own_name or (paths[0].stem if paths else "?"), fault=error)
        return Take(self._own_name or person.name, (swap_everywhere(request),))

    def _swap_take(self, table: Table) -> Take:
        for name in ("replace", "face-number"):
            if name in table:
                raise table.fault(f"{name} belongs into each [[swap]]")
        swaps = read_swaps(table.tables("swap"), self._defaults)
        if not swaps:
            raise table.fault("swap is empty: write a line such as face = 'person.jpg' below [[swap]]")
        names = [swap.span.request.identity.name for swap in swaps]
        return Take(self._own_name or "+".join(dict.fromkeys(names)), swaps)

    def _job(self) -> MovieJob:
        """Return what all the rows have in common."""
        return MovieJob(
            clip=Path(),
            swaps=(),
            output=Path(),
            start=self._value("start", Table.count, None),
            end=self._value("end", Table.count, None),
            fps=self._value("fps", _frame_rate_text, None),
            choice=EncodingChoice(
                codec=self._value("codec", lambda table, name: table.choice(name, CODECS), ""),
                quality=self._value("quality", lambda table, name: table.count(name, MAX_QUALITY), None),
                preset=self._value("preset", lambda table, name: table.choice(name, PRESETS), ""),
                pixel_format=self._value("pixel-format", Table.text, ""),
                sdr=self._value("sdr", Table.switch, False),
            ),
            sound=self._value("sound", lambda table, name: table.choice(name, SOUND), "copy"),
            copy_untouched=self._value("copy-untouched", Table.switch, False),
            colorspace=self._value("colorspace", Table.text, ""),
        )

    def _value(self, name: str, read: Callable[[Table, str], _T], default: _D) -> _T | _D:
        table = self._first(name)
        return default if table is None else read(table, name)


def _frame_rate_text(table: Table, name: str) -> str:
    value = table.values[name]
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    return table.text(name)
