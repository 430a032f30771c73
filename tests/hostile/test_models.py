# SPDX-License-Identifier: GPL-3.0-or-later
"""V8, V9, V10: model folders, engines and the user's memory of models, filled by a stranger or another account."""

import json
import os
import pwd
import signal
import socket
import stat
import subprocess
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from types import FrameType

import numpy as np
import pytest
from models import stand_ins
from understudy.core.cache.factory import CacheSettings
from understudy.core.cli.doctor import doctor
from understudy.core.cli.main import main
from understudy.core.errors import ModelError, OutputError
from understudy.core.filesystem import Location
from understudy.core.layers.job import LayerJob
from understudy.core.media.source import ClipSource
from understudy.core.models.catalog import load_catalogue
from understudy.core.models.embedded import embedded_folder
from understudy.core.models.engine_folder import make_engine_folder
from understudy.core.models.hashes import FILE_NAME
from understudy.core.models.library import ModelLibrary
from understudy.core.models.processor import Processor
from understudy.core.models.session import ModelFile, ModelPool
from understudy.core.models.statement import statement_path
from understudy.core.recipe import Recipe
from understudy.core.recipe.request import Identity, SwapRequest
from understudy.core.sessions.request_digest import RequestDigester
from understudy.core.sessions.settings import RunSettings, resolve_settings
from understudy.core.swap.loaded_model import ModelRunner
from understudy.core.system.trust import trust_folder

Count = Callable[[str], None]
SECONDS = 20
OTHER_USER_ID = 54321
INSWAPPER = next(
    model.sha256 for model in load_catalogue().models if model.family == "inswapper" and model.sha256
)
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="giving files to another user takes root")


@contextmanager
def time_limit() -> Iterator[None]:
    """Fail a test that waits for somebody who never comes."""

    def give_up(_signal: int, _frame: FrameType | None) -> None:
        raise AssertionError(f"no end after {SECONDS} s")

    before = signal.signal(signal.SIGALRM, give_up)
    signal.alarm(SECONDS)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A model folder with one good model that is what its user says."""
    folder = tmp_path / "models"
    folder.mkdir()
    statement_path(stand_ins.write_recogniser(folder / "good.onnx", "sface")).write_text('family = "sface"')
    return folder


@pytest.fixture
def memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where hashes are remembered for this test's user."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "understudy" / FILE_NAME


@pytest.fixture
def job(tmp_path: Path) -> LayerJob:
    """A layer whose clip is there."""
    (tmp_path / "clip.mp4").write_bytes(b"clip")
    source = ClipSource(True, (tmp_path / "clip.mp4",))
    return LayerJob("strip", 7, source, 6, tmp_path / "000006.tif", (SwapRequest(Identity(()), Recipe()),))


def has_good_model_only(folder: Path) -> bool:
    """Tell whether the good model of a folder is found, and nothing else but the embedded ones is usable."""
    library = ModelLibrary([folder])
    usable = [
        one.file.path.name
        for one in library.local_models()
        if one.role and not one.problem and folder in one.file.path.parents
    ]
    return usable == ["good.onnx"]


def _socket(path: Path) -> None:
    here = Path.cwd()
    os.chdir(path.parent)  # a socket's path is short
    try:
        with socket.socket(socket.AF_UNIX) as bound:
            bound.bind(path.name)
    finally:
        os.chdir(here)


def _nested(path: Path) -> None:
    here = Path.cwd()
    try:
        for _ in range(1500):
            path.mkdir()
            os.chdir(path)
            path = Path("d")
    finally:
        os.chdir(here)


SPECIAL: dict[str, tuple[str, Callable[[Path], object]]] = {
    "a pipe": ("m.onnx", os.mkfifo),
    "a socket": ("m.onnx", _socket),
    "a folder": ("m.onnx", Path.mkdir),
    "a link to a pipe": ("m.onnx", lambda path: (os.mkfifo(f"{path}.p"), path.symlink_to(f"{path}.p"))),
    "a link to a device": ("m.onnx", lambda path: path.symlink_to("/dev/zero")),
    "a link to nothing": ("m.onnx", lambda path: path.symlink_to("gone")),
    "a link to itself": ("m.onnx", lambda path: path.symlink_to(path.name)),
    "a link round in a circle": ("loop", lambda path: path.symlink_to(path.parent)),
    "a pipe as statement": ("good2.onnx.toml", os.mkfifo),
    "a folder as statement": ("good2.onnx.toml", Path.mkdir),
    "an endless statement": ("good2.onnx.toml", lambda path: path.symlink_to("/dev/zero")),
    "a pipe as old memory": (".understudy-models.json", os.mkfifo),
    "a pipe with another name": ("LICENSE", os.mkfifo),
}


@pytest.mark.parametrize("kind", SPECIAL)
def test_v8_special_files_in_a_model_folder(
    kind: str, folder: Path, job: LayerJob, memory: Path, dashboard: Count
) -> None:
    dashboard("inputs")
    name, make = SPECIAL[kind]
    if name.startswith("good2"):
        stand_ins.write_recogniser(folder / "good2.onnx", "sface")
    make(folder / name)
    with time_limit():
        assert has_good_model_only(folder)
        assert RequestDigester([folder]).digest(job) is not None
        with suppress(ModelError):
            ModelPool(1).run_all(ModelFile(folder / name), np.zeros((1, 3, 112, 112), np.float32))


def test_v8_folders_nested_deep(folder: Path, job: LayerJob, memory: Path, dashboard: Count) -> None:
    dashboard("inputs")
    _nested(folder / "d")
    try:
        with time_limit():
            assert has_good_model_only(folder)
            assert RequestDigester([folder]).digest(job) is not None
    finally:  # pytest can't
        subprocess.run(["rm", "-rf", folder / "d"], check=True)


@needs_root
def test_v8_a_device_in_a_model_folder(folder: Path, job: LayerJob, memory: Path, dashboard: Count) -> None:
    dashboard("inputs")
    try:
        os.mknod(folder / "m.onnx", stat.S_IFCHR | 0o666, os.makedev(1, 5))
    except OSError as error:
        pytest.skip(f"no device can be made here: {error}")
    with time_limit():
        assert has_good_model_only(folder)
        assert RequestDigester([folder]).digest(job) is not None


def test_a_model_may_lie_on_another_disk(folder: Path, tmp_path: Path, memory: Path) -> None:
    (folder / "good.onnx").rename(tmp_path / "elsewhere")
    (folder / "good.onnx").symlink_to(tmp_path / "elsewhere")
    assert has_good_model_only(folder)


@pytest.fixture
def quick_folder(tmp_path: Path) -> Iterator[Path]:
    """A folder in memory, where the system has such."""
    shared = Path("/dev/shm")
    with TemporaryDirectory(dir=shared if shared.is_dir() else tmp_path) as folder:
        yield Path(folder)


def test_v8_a_folder_with_more_names_than_models(
    quick_folder: Path, job: LayerJob, memory: Path, dashboard: Count
) -> None:
    dashboard("inputs")
    for number in range(100_001):
        os.mknod(quick_folder / str(number))
    with time_limit():
        with pytest.raises(ModelError, match=r"holds more than 100000 files and folders: choose a smaller"):
            ModelLibrary([quick_folder]).local_models()
        assert RequestDigester([quick_folder]).digest(job) is None  # so layers are looked up by their keys


def test_v15_names_in_a_model_folder_forge_no_line(
    folder: Path, memory: Path, dashboard: Count, capsys: pytest.CaptureFixture[str]
) -> None:
    dashboard("inputs")
    for name in ("a\x1b[2J.onnx", "b\nunderstudy: all is well.onnx", "c\u202egnp.onnx"):
        (folder / name).write_bytes((folder / "good.onnx").read_bytes())
        statement_path(folder / name).write_text('family = "embed/arcface"\nlicence = "\\u001b[31m"')
    main(["models", "list", "--folder", str(folder)])
    main(["models", "verify", "--folder", str(folder)])
    with pytest.raises(ModelError) as caught:
        ModelLibrary([folder]).model("embed", "arcface")
    said = "".join(capsys.readouterr()) + str(caught.value)
    assert "b\\nunderstudy: all is well.onnx" in said
    assert not set(said) & set("\x1b\u202e")
    assert not [line for line in said.splitlines() if line.startswith("understudy: all is well")]


# V9: what names a file's hash


def _one_node(folder: Path) -> Path:
    return stand_ins.write_constant_model(folder / "net.onnx", "x", ["n", 1], {"y": np.zeros((1, 2))})


def _forge_cache_entry(path: Path, name: str) -> str:
    status = path.stat()
    stamp = [status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns]
    return json.dumps({name: [*stamp, INSWAPPER]})


def _old_form(path: Path) -> str:
    status = path.stat()
    return json.dumps({path.name: [status.st_size, status.st_mtime_ns, INSWAPPER]})


def is_taken_for_inswapper(path: Path) -> bool:
    """Tell whether a file is what the catalogue's swapper is, or has its hash."""
    (one,) = [one for one in ModelLibrary([path.parent]).local_models() if one.file.path == path]
    return one.file.sha256 == INSWAPPER or one.family == "inswapper" or one.card is not None


@pytest.mark.parametrize("name", [".understudy-models.json", FILE_NAME, f"understudy/{FILE_NAME}"])
@pytest.mark.parametrize("form", ["old", "new", "new and relative"])
def test_v9_a_memory_in_the_model_folder_counts_for_nothing(
    folder: Path, memory: Path, dashboard: Count, name: str, form: str
) -> None:
    dashboard("inputs")
    net = _one_node(folder)
    (folder / name).parent.mkdir(exist_ok=True)
    text = (
        _old_form(net) if form == "old" else _forge_cache_entry(net, net.name if "rel" in form else str(net))
    )
    (folder / name).write_text(text)
    assert not is_taken_for_inswapper(net)
    assert (folder / name).read_text() == text  # nor is it ours to delete


def test_the_users_own_memory_would_be_believed(folder: Path, memory: Path) -> None:
    """So that what follows proves something."""
    net = _one_node(folder)
    memory.parent.mkdir(parents=True, mode=0o700)
    memory.write_text(_forge_cache_entry(net, str(net)))
    memory.chmod(0o600)
    assert is_taken_for_inswapper(net)


def _replace_by_link(path: Path) -> None:
    path.rename(path.with_name("other"))
    path.symlink_to(path.with_name("other"))


NOT_THE_USERS: dict[str, Callable[[Path], object]] = {
    "writable by all": lambda memory: memory.chmod(0o666),
    "writable by a group": lambda memory: memory.chmod(0o660),
    "in a folder writable by all": lambda memory: memory.parent.chmod(0o777),
    "in a folder writable by a group": lambda memory: memory.parent.chmod(0o770),
    "below a folder writable by all": lambda memory: memory.parent.parent.chmod(0o777),
    "a link": _replace_by_link,
    "in a folder that is a link": lambda memory: _replace_by_link(memory.parent),
    "another user's": lambda memory: os.chown(memory, OTHER_USER_ID, OTHER_USER_ID),
    "in another user's folder": lambda memory: os.chown(memory.parent, OTHER_USER_ID, OTHER_USER_ID),
    "below another user's folder": lambda memory: os.chown(
        memory.parent.parent, OTHER_USER_ID, OTHER_USER_ID
    ),
}


@pytest.mark.parametrize("kind", NOT_THE_USERS)
def test_v9_a_memory_that_is_not_the_users_own_counts_for_nothing(
    kind: str, folder: Path, memory: Path, dashboard: Count
) -> None:
    dashboard("inputs")
    if "another user" in kind and os.geteuid() != 0:
        pytest.skip("giving files to another user takes root")
    net = _one_node(folder)
    memory.parent.mkdir(parents=True, mode=0o700)
    memory.write_text(_forge_cache_entry(net, str(net)))
    memory.chmod(0o600)
    NOT_THE_USERS[kind](memory)
    assert not is_taken_for_inswapper(net)


GARBAGE: dict[str, Callable[[Path, str], object]] = {
    "nested deep": lambda memory, _: memory.write_text("[" * 200_000),
    "huge": lambda memory, _: os.truncate(memory, 1 << 40),
    "a list": lambda memory, _: memory.write_text("[1, 2]"),
    "a number": lambda memory, _: memory.write_text("7"),
    "no text": lambda memory, _: memory.write_bytes(b"\xff\xfe\x00"),
    "empty": lambda memory, _: memory.write_bytes(b""),
    "a hash in capitals": lambda memory, text: memory.write_text(text.replace(INSWAPPER, INSWAPPER.upper())),
    "a short hash": lambda memory, text: memory.write_text(text.replace(INSWAPPER, INSWAPPER[:10])),
    "a list as hash": lambda memory, text: memory.write_text(
        text.replace(f'"{INSWAPPER}"', f'["{INSWAPPER}"]')
    ),
    "one entry more": lambda memory, text: memory.write_text(text.replace("]", ", 1]")),
    "a number with a point": lambda memory, text: memory.write_text(text.replace(",", ".0,", 1)),
    "a pipe": lambda memory, _: (memory.unlink(), os.mkfifo(memory, 0o600)),
    "a folder": lambda memory, _: (memory.unlink(), memory.mkdir(0o700)),
}


@pytest.mark.parametrize("kind", GARBAGE)
def test_v9_a_damaged_memory_is_none(kind: str, folder: Path, memory: Path, dashboard: Count) -> None:
    dashboard("inputs")
    net = _one_node(folder)
    memory.parent.mkdir(parents=True, mode=0o700)
    text = _forge_cache_entry(net, str(net))
    memory.write_text(text)
    memory.chmod(0o600)
    GARBAGE[kind](memory, text)
    with time_limit():
        assert not is_taken_for_inswapper(net)
        assert has_good_model_only(folder)


def test_v9_a_file_is_not_run_under_another_files_hash(folder: Path, memory: Path, dashboard: Count) -> None:
    """Also where the memory is the user's own: somebody may have had the same inode and times before."""
    dashboard("inputs")
    net = folder / "good.onnx"
    memory.parent.mkdir(parents=True, mode=0o700)
    memory.write_text(_forge_cache_entry(net, str(net)))
    memory.chmod(0o600)
    file = ModelLibrary([folder]).local_models()[-1].file
    assert file.sha256 == INSWAPPER
    pool = ModelPool(1)
    with pytest.raises(ModelError, match=r"good\.onnx changed while it was in use: run this again"):
        pool.run_all(file, np.zeros((1, 3, 112, 112), np.float32))
    assert pool.load_count == 0
    # And again it is what it is.
    model = ModelLibrary([folder]).model("embed", "sface")
    assert pool.run_all(model, np.zeros((1, 3, 112, 112), np.float32))[0].shape == (1, 128)


@pytest.mark.parametrize("means", ["run", "looked into"])
def test_v9_a_file_that_is_replaced_after_it_was_hashed_is_not_used(
    means: str, tmp_path: Path, dashboard: Count
) -> None:
    dashboard("inputs")
    family = load_catalogue().find_family("embed/sface")
    file = ModelFile(stand_ins.write_recogniser(tmp_path / "a.onnx", "sface"))
    content, status = file.sha256, file.path.stat()
    stand_ins.write_recogniser(tmp_path / "b.onnx", "sface", seed=1).replace(file.path)
    os.utime(file.path, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert file.sha256 == content
    pool = ModelPool(1)
    use: dict[str, Callable[[], object]] = {
        "run": lambda: pool.run_batch(file, np.zeros((1, 3, 112, 112), np.float32)),
        "looked into": lambda: ModelRunner(pool).load(file, family),
    }
    with pytest.raises(ModelError, match=r"a\.onnx changed while it was in use"):
        use[means]()


# Statements


STATEMENTS: dict[str, bytes] = {
    "nested arrays": b"family = " + b"[" * 60_000,
    "nested tables": b"family = " + b"{a=" * 20_000,
    "a dotted name": b"a" + b".a" * 30_000 + b" = 1",
    "many dotted names": b"".join(b"k%d" % n + b".a" * 250 + b" = 1\n" for n in range(100)),
    "dotted names between comments": b"# '\n" + b"a" + b".a" * 30_000 + b" = 1\n# '\n",
    "a dotted name of texts": b'"a"' + b'."a"' * 15_000 + b" = 1",
    "a dotted name in a table": b"family = {a" + b".a" * 30_000 + b" = 1}",
    "a hidden dotted name": b'family = {x = """a"b""", a' + b".a" * 30_000 + b' = "x"}',
    "tables again and again": b"[[a]]\n" * 10_000,
    "nothing but quotes": b'family = "' + b'\\"' * 30_000,
    "too long": b"#" * (1 << 17),
    "a number": b"family = 5",
    "a huge number": b"family = " + b"9" * 60_000,
    "a list": b'family = ["sface"]',
    "a table": b"[family]\nsface = 1",
    "a date": b"family = 1979-05-27",
    "an unknown family": b'family = "' + b"x" * 60_000 + b'"',
    "no text": b"\xff\xfe",
    "nothing": b"",
}


@pytest.mark.parametrize("kind", STATEMENTS)
def test_v8_a_statement_that_is_none_is_a_problem_in_one_short_line(
    kind: str, folder: Path, memory: Path, dashboard: Count
) -> None:
    dashboard("inputs")
    stand_ins.write_recogniser(folder / "other.onnx", "sface")
    statement_path(folder / "other.onnx").write_bytes(STATEMENTS[kind])
    with time_limit():
        (other,) = [
            one for one in ModelLibrary([folder]).local_models() if one.file.path.name == "other.onnx"
        ]
    assert other.problem.startswith("other.onnx.toml can't be used: ")
    assert len(other.problem) < 2500
    assert other.problem.isprintable()
    assert other.role == ""
    assert has_good_model_only(folder)


def test_v15_words_of_a_statement_are_short_and_in_one_line(
    folder: Path, memory: Path, dashboard: Count
) -> None:
    dashboard("inputs")
    words = {name: f"\x1b]0;{name}\x07\n" + "x" * 5000 for name in ("licence", "vendor", "page", "note")}
    lines = ['family = "sface"', *(f"{name} = {json.dumps(word)}" for name, word in words.items())]
    statement_path(folder / "good.onnx").write_text("\n".join(lines))
    stated = ModelLibrary([folder]).local_models()[-1].user_card
    assert stated is not None
    for word in (stated.licence, stated.vendor, stated.page, stated.note):
        assert word.startswith("\\x1b]0;")
        assert word.isprintable()
        assert len(word) < 250


# V10: engines are code


def test_v10_engines_of_a_project_are_never_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, dashboard: Count
) -> None:
    dashboard("inputs")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "user"))
    (tmp_path / "project" / "engines").mkdir(parents=True)
    (tmp_path / "project" / "engines" / "m.engine").write_bytes(b"a stranger's code")
    engines = RunSettings(CacheSettings(tmp_path / "project")).engine_folder
    assert engines is not None
    for name in ("tensorrt", "openvino"):
        for exact in (True, False):
            chain = Processor(name).options(engines.path, exact=exact)
            assert str(tmp_path / "project") not in str(chain)
            assert str(engines.path) in str(chain)


def _replace_parent_by_link(path: Path) -> None:
    (path.parent / "strange").mkdir(exist_ok=True)
    path.rename(path.with_name("away"))
    path.symlink_to(path.parent / "strange")


UNSAFE: dict[str, Callable[[Path], object]] = {
    "a link": _replace_parent_by_link,
    "below a link": lambda path: _replace_parent_by_link(path.parent),
    "writable by all": lambda path: path.chmod(0o777),
    "writable by a group": lambda path: path.chmod(0o770),
    "below a folder writable by all": lambda path: path.parent.chmod(0o777),
    "below a base writable by all": lambda path: path.parent.parent.chmod(0o777),
    "another user's": lambda path: os.chown(path, OTHER_USER_ID, OTHER_USER_ID),
    "below another user's folder": lambda path: os.chown(path.parent, OTHER_USER_ID, OTHER_USER_ID),
    "below another user's base": lambda path: os.chown(path.parent.parent, OTHER_USER_ID, OTHER_USER_ID),
    "with another user's file": lambda path: os.chown(path / "m.engine", OTHER_USER_ID, OTHER_USER_ID),
    "with another user's file deeper": lambda path: os.chown(
        path / "d" / "m.engine", OTHER_USER_ID, OTHER_USER_ID
    ),
    "with a link": lambda path: (path / "n.engine").symlink_to("/etc/passwd"),
    "with a pipe": lambda path: os.mkfifo(path / "n.engine"),
    "a file": lambda path: (path.rename(path.with_name("away")), path.write_bytes(b"")),
}


@pytest.mark.parametrize("kind", UNSAFE)
def test_v10_a_folder_for_engines_that_others_can_fill_is_not_used(
    kind: str, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, dashboard: Count
) -> None:
    dashboard("inputs")
    if "another user" in kind and os.geteuid() != 0:
        pytest.skip("giving files to another user takes root")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "user"))
    place = RunSettings(CacheSettings(tmp_path / "cache")).engine_folder
    assert place is not None
    assert make_engine_folder(place) == ""
    (place.path / "d").mkdir()
    for path in (place.path / "m.engine", place.path / "d" / "m.engine"):
        path.write_bytes(b"built")
    assert make_engine_folder(place) == ""
    UNSAFE[kind](place.path)
    before = _modes(tmp_path)
    with time_limit():
        assert make_engine_folder(place) != ""
    assert _modes(tmp_path) == before
    assert _warnings_of(place, folder, tmp_path) == 1


def _modes(folder: Path) -> dict[Path, int]:
    return {path: path.lstat().st_mode for path in folder.rglob("*")}


def _warnings_of(place: Location, folder: Path, tmp_path: Path) -> int:
    """Open two models on a processor that keeps engines; return how many lines say that it does not."""
    pool = ModelPool(1, engine_folder=place)
    vars(pool)["processor"] = Processor("tensorrt")  # this machine has none: what opens then is refused
    files = folder / "good.onnx", stand_ins.write_recogniser(tmp_path / "b.onnx", "arcface")
    for file in files:
        with suppress(ModelError), warnings.catch_warnings(action="ignore"):
            pool.run_all(ModelFile(file), np.zeros((1, 3, 112, 112), np.float32))
    return sum("builds from models is not kept" in line for line in pool.warnings)


def test_a_user_without_a_home_has_no_memory_and_no_engines(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, dashboard: Count
) -> None:
    """As in a container that runs under a number."""
    dashboard("inputs")

    def no_entry(_uid: int) -> None:
        raise KeyError

    monkeypatch.setattr(pwd, "getpwuid", no_entry)
    for name in ("HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME"):
        monkeypatch.delenv(name, raising=False)
    settings = resolve_settings(RunSettings(CacheSettings(tmp_path / "cache"), model_folder=folder), {})
    assert settings.engine_folder is None
    assert settings.library.has("embed", "sface")
    assert ModelLibrary().has("detect", "blaze")
    with pytest.raises(OutputError, match="set HOME"):
        trust_folder(tmp_path)


def test_a_relative_cache_folder_counts_for_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", "cache")
    monkeypatch.setenv("HOME", str(tmp_path))
    engines = RunSettings(CacheSettings(tmp_path / "cache")).engine_folder
    assert engines is not None
    assert engines.path == tmp_path / ".cache" / "understudy" / "engines"


# Whose the folder is


@pytest.mark.parametrize("kind", ["folder", "folder in it", "file"])
def test_a_model_that_everybody_may_replace_is_used_and_said(kind: str, folder: Path, memory: Path) -> None:
    (folder / "in").mkdir()
    for name in ("good.onnx", "good.onnx.toml"):
        (folder / name).rename(folder / "in" / name)
    assert has_good_model_only(folder)
    library = ModelLibrary([folder])
    library.local_models()
    assert library.warnings == ()
    place = {"folder": folder, "folder in it": folder / "in", "file": folder / "in" / "good.onnx"}[kind]
    place.chmod(0o777)
    for _ in range(2):
        library.rescan()
        assert library.has("embed", "sface")
    assert [str(place) in line for line in library.warnings] == [True]


@needs_root
def test_a_model_folder_of_an_administrator_is_read_without_a_word(folder: Path, memory: Path) -> None:
    os.chown(folder, OTHER_USER_ID, OTHER_USER_ID)
    library = ModelLibrary([folder])
    assert library.has("embed", "sface")
    assert library.warnings == ()


# The command line


def test_models_are_put_into_no_folder_that_everybody_may_write_to(
    folder: Path, tmp_path: Path, memory: Path, dashboard: Count, capsys: pytest.CaptureFixture[str]
) -> None:
    dashboard("inputs")
    target = tmp_path / "target"
    target.mkdir()
    target.chmod(0o777)
    words = ["models", "add", str(folder / "good.onnx"), "--family", "sface", "--folder", str(target)]
    assert main(words) == 1
    assert "everybody may write to" in capsys.readouterr().err
    assert list(target.iterdir()) == []


@pytest.mark.parametrize("make", [os.mkfifo, lambda path: path.symlink_to("/dev/zero"), Path.mkdir])
def test_v8_no_model_is_added_but_a_file(
    make: Callable[[Path], object], tmp_path: Path, dashboard: Count, capsys: pytest.CaptureFixture[str]
) -> None:
    dashboard("inputs")
    make(tmp_path / "m.onnx")
    with time_limit():
        assert main(["models", "add", str(tmp_path / "m.onnx"), "--folder", str(tmp_path / "to")]) == 1
    assert "can't find the model" in capsys.readouterr().err


def test_a_model_is_added_in_place_of_a_link_and_not_through_it(
    folder: Path, tmp_path: Path, memory: Path, dashboard: Count
) -> None:
    dashboard("inputs")
    target, victim = tmp_path / "target", tmp_path / "victim"
    target.mkdir()
    victim.write_bytes(b"the user's own")
    for name in ("good.onnx", "good.onnx.toml"):
        (target / name).symlink_to(victim)
    words = ["models", "add", str(folder / "good.onnx"), "--family", "sface", "--folder", str(target)]
    assert main(words) == 0
    assert victim.read_bytes() == b"the user's own"
    assert has_good_model_only(target)
    assert sorted(path.name for path in target.iterdir()) == ["good.onnx", "good.onnx.toml"]


@pytest.mark.parametrize("kind", ["a pipe", "nested deep", "a number", "endless"])
def test_v8_a_manifest_that_is_none(
    kind: str, tmp_path: Path, dashboard: Count, capsys: pytest.CaptureFixture[str]
) -> None:
    dashboard("inputs")
    for path in embedded_folder().iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    manifest = tmp_path / "manifest.json"
    manifest.unlink(missing_ok=True)
    if kind == "a pipe":
        os.mkfifo(manifest)
    elif kind == "endless":
        manifest.symlink_to("/dev/zero")
    else:
        manifest.write_text("[" * 200_000 if kind == "nested deep" else "7")
    with time_limit():
        assert not doctor(tmp_path)
    assert "no manifest says what it should be" in capsys.readouterr().out
