# SPDX-License-Identifier: GPL-3.0-or-later
"""V5: well-formed wrong values under right keys with right checksums end no render and change no pixel."""

import ast
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hostile.poison import MUTATIONS, RECIPES, Project, RenderResult, entries, poison_cache
from understudy.core.analysis.landmark import _POINT_COUNTS
from understudy.core.analysis.model_adapters import _SPARSE_LANDMARKERS
from understudy.core.cache.base.key import Key
from understudy.core.cache.base.schema import schema_for
from understudy.core.cache.settings import CacheSettings
from understudy.core.cli.main import main
from understudy.core.pipeline.stage_schemas import STAGE_SCHEMAS

from tests.core.shared_places import redis_store

CORE = Path(__file__).resolve().parents[2] / "core"
_NOT_KEPT = {"layer", "fuse", "follow"}


class RecipeCaches:
    """The project, and for each recipe a cache that a render has filled and what that render gave."""

    def __init__(self, folder: Path) -> None:
        self.project = Project(folder)
        self.caches = {name: folder / name for name in RECIPES}
        self.cold: dict[str, RenderResult] = {}
        for name, cache in self.caches.items():
            self.cold[name] = self.project.render(name, CacheSettings(cache))
            assert self.cold[name].whole
            assert self.cold[name].warnings == ()


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> RecipeCaches:
    return RecipeCaches(tmp_path_factory.mktemp("made"))


def test_every_stage_that_is_kept_has_a_form(made: RecipeCaches) -> None:
    named = {
        node.args[0].value
        for path in CORE.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "stage_key"
        if isinstance(node.args[0], ast.Constant)
    }
    assert named - _NOT_KEPT == set(STAGE_SCHEMAS)
    # And every one of them is met by the renders of this file.
    assert {stage for cache in made.caches.values() for stage, _, _ in entries(cache)} == set(STAGE_SCHEMAS)


def test_what_the_stages_give_here_fits_their_forms(made: RecipeCaches) -> None:
    for cache in made.caches.values():
        for stage, key, arrays in entries(cache):
            assert schema_for(key.text, STAGE_SCHEMAS).fault(arrays) == "", stage
    again = {name: made.project.render(name, CacheSettings(cache)) for name, cache in made.caches.items()}
    assert {name: (one.shown, one.warnings) for name, one in again.items()} == {
        name: (one.shown, ()) for name, one in made.cold.items()
    }


def test_the_numbers_of_points_are_the_landmarkers_own() -> None:
    assert {
        name: points for name, (_, _, points, _, _) in _SPARSE_LANDMARKERS.items()
    }.items() <= _POINT_COUNTS.items()


@pytest.mark.parametrize(
    ("recipe", "mutation"),
    [
        # Of the stages of DFM only the swap is kept in another form than those of the others.
        pytest.param(recipe, mutation, marks=pytest.mark.long if recipe == "dfm" and number else ())
        for recipe in RECIPES
        for number, mutation in enumerate(MUTATIONS)
    ],
)
def test_v5_every_stage_spoilt_at_once(
    made: RecipeCaches, tmp_path: Path, recipe: str, mutation: str, dashboard: Callable[[str], None]
) -> None:
    number = list(MUTATIONS).index(mutation)
    spoilt = poison_cache(
        made.caches[recipe], tmp_path / "cache", lambda _, key, arrays: MUTATIONS[mutation](arrays, number)
    )
    got = made.project.render(recipe, CacheSettings(tmp_path / "cache"))
    assert got.shown == made.cold[recipe].shown
    assert got.whole
    assert len(got.warnings) == 1
    assert "did not fit" in got.warnings[0]
    # Of a source nothing is read but its key; looks are for scans.
    assert spoilt - got.refused <= {"source", "clip", "look", "swap_look"}
    for _ in got.refused:
        dashboard("values")
    # What was computed anew is kept, so that no stage has to run again.
    assert made.project.render(recipe, CacheSettings(tmp_path / "cache")).shown == got.shown


@pytest.mark.parametrize(
    ("recipe", "stage"),
    [
        *(("mesh", stage) for stage in ("frame", "landmark", "embed", "swap", "facts", "people", "note")),
        *(("shape", stage) for stage in ("shape", "glasses", "move", "neutral_face")),
        *(("neural", stage) for stage in ("embed", "attribute", "swap", "enhance", "occlude")),
        ("dfm", "swap"),
    ],
)
@pytest.mark.parametrize("mutation", ["enlarge_array", "shrink_array"])
def test_v5_one_stage_alone_of_the_wrong_size(
    made: RecipeCaches,
    tmp_path: Path,
    recipe: str,
    stage: str,
    mutation: str,
    dashboard: Callable[[str], None],
) -> None:
    """What the key does not tell is told by what is read before: rows by faces, sizes by the face's place."""
    spoilt = poison_cache(
        made.caches[recipe],
        tmp_path / "cache",
        lambda there, key, arrays: MUTATIONS[mutation](arrays, 0) if there == stage else None,
    )
    assert spoilt == {stage}
    got = made.project.render(recipe, CacheSettings(tmp_path / "cache"))
    assert got.shown == made.cold[recipe].shown
    assert got.refused == {stage}
    assert len(got.warnings) == 1
    dashboard("values")


def test_v5_rows_and_sizes_that_agree_with_each_other_but_with_nothing_else(
    made: RecipeCaches, tmp_path: Path, dashboard: Callable[[str], None]
) -> None:
    def spoil(stage: str, key: Key, arrays: dict[str, np.ndarray]) -> dict[str, np.ndarray] | None:
        if stage in ("embed", "attribute"):
            return {name: np.concatenate([array, array]) for name, array in arrays.items()}
        if stage == "swap":
            return {**arrays, "pixels": np.ascontiguousarray(arrays["pixels"][::2, ::2])}
        if stage == "enhance":
            return {**arrays, "matrix": arrays["matrix"] * np.float32(3)}
        return None

    assert poison_cache(made.caches["neural"], tmp_path / "cache", spoil) == {
        "embed",
        "attribute",
        "swap",
        "enhance",
    }
    got = made.project.render("neural", CacheSettings(tmp_path / "cache"))
    assert got.shown == made.cold["neural"].shown
    assert got.refused == {"embed", "attribute", "swap", "enhance"}
    for _ in got.refused:
        dashboard("values")


@pytest.mark.parametrize(
    ("stage", "name", "value"),
    [
        ("facts", "facts", np.array([7, 64, 64, 1, 0, 1, 8], np.int64)),
        ("facts", "facts", np.array([1, 1 << 20, 1 << 20, 1, 0, 1, 8], np.int64)),
        ("facts", "facts", np.array([1, 64, 64, 1, 25, 0, 8], np.int64)),
        ("facts", "facts", np.array([1, 64, 64, 1 << 40, 25, 1, 8], np.int64)),
        ("note", "faults", np.frombuffer(b"\xff\xfe\xff", np.uint8)),
        ("note", "faults", np.frombuffer(b"\x1b]0;owned\x07", np.uint8)),
        ("people", "spots", np.array([[0, 0, 77]], np.int64)),
        ("people", "spots", np.array([[9, 0, 0]], np.int64)),
        ("people", "best", np.array([[0, 1 << 30]], np.int64)),
    ],
)
def test_v5_values_of_the_right_form_that_mean_nothing(
    made: RecipeCaches,
    tmp_path: Path,
    stage: str,
    name: str,
    value: np.ndarray,
    dashboard: Callable[[str], None],
) -> None:
    poison_cache(
        made.caches["mesh"],
        tmp_path / "cache",
        lambda there, key, arrays: {**arrays, name: value} if there == stage else None,
    )
    got = made.project.render("mesh", CacheSettings(tmp_path / "cache"))
    assert got.shown == made.cold["mesh"].shown
    assert got.refused == {stage}
    dashboard("values")


def test_v5_a_poisoned_share_is_passed_over_and_healed(
    made: RecipeCaches, tmp_path: Path, redis_server
) -> None:
    far = redis_store(redis_server.url)
    for _, key, arrays in entries(made.caches["mesh"]):
        far.put(key, MUTATIONS["enlarge_array"](arrays, 0) or arrays)
    far.close()
    settings = CacheSettings(tmp_path / "one", redis_url=redis_server.url)
    got = made.project.render("mesh", settings)
    assert got.shown == made.cold["mesh"].shown
    assert len(got.warnings) == 1
    again = made.project.render("mesh", CacheSettings(tmp_path / "two", redis_url=redis_server.url))
    assert again.shown == got.shown
    # What this run read is good now; what it never came to read is not its to mend.
    assert again.refused == frozenset()


def test_v5_the_command_line_ends_well(made: RecipeCaches, tmp_path: Path, capsys) -> None:
    arguments = [made.project.paths[0].parent, "--face", made.project.person, "--fps", "25"]
    wanted = tmp_path / "wanted.mp4"
    cache = tmp_path / "cache"
    assert main([str(part) for part in ("render", *arguments, "--output", wanted, "--cache-dir", cache)]) == 0
    poison_cache(cache, tmp_path / "bad", lambda _, key, arrays: MUTATIONS["enlarge_array"](arrays, 0))
    capsys.readouterr()
    got = tmp_path / "got.mp4"
    assert (
        main([str(part) for part in ("render", *arguments, "--output", got, "--cache-dir", tmp_path / "bad")])
        == 0
    )
    assert got.read_bytes() == wanted.read_bytes()
    assert capsys.readouterr().err.count("did not fit") == 1


@pytest.mark.parametrize("tail", ["none", "signed", "encrypted"])
def test_v5_what_a_share_has_wrong_is_not_kept_on_this_machine(
    made: RecipeCaches, tmp_path: Path, tail: str, dashboard: Callable[[str], None]
) -> None:
    """A wrong copy in the share is met once: it does not stay in the folder here when the share is mended."""
    dashboard("values")
    share, here = tmp_path / "share", tmp_path / "here"
    poison_cache(made.caches["mesh"], share, lambda _, key, arrays: MUTATIONS["rename_array"](arrays, 1))
    key = {"signed": {"signing_key": bytes(32)}, "encrypted": {"secret": bytes(32)}}.get(tail, {})
    met = made.project.render("mesh", CacheSettings(here, shared_folder=share, **key))
    assert met.shown == made.cold["mesh"].shown
    assert met.warnings
    alone = made.project.render("mesh", CacheSettings(here, **key))
    assert (alone.shown, alone.warnings) == (met.shown, ())
    if not key:
        assert all(not schema_for(key.text, STAGE_SCHEMAS).fault(arrays) for _, key, arrays in entries(here))


def test_v5_a_good_share_fills_this_machine(made: RecipeCaches, tmp_path: Path) -> None:
    here = tmp_path / "here"
    made.project.render("mesh", CacheSettings(here, shared_folder=made.caches["mesh"]))
    kept = {key for _, key, _ in entries(here)}
    assert kept
    assert kept <= {key for _, key, _ in entries(made.caches["mesh"])}


def test_an_encrypted_result_of_others_in_a_share_is_not_kept_on_this_machine(
    made: RecipeCaches, tmp_path: Path
) -> None:
    share, here = tmp_path / "share", tmp_path / "here"
    made.project.render("mesh", CacheSettings(share, secret=bytes(32)))
    met = made.project.render("mesh", CacheSettings(here, shared_folder=share))
    alone = made.project.render("mesh", CacheSettings(here))
    assert (met.shown, alone.shown, alone.warnings) == (made.cold["mesh"].shown, met.shown, ())
