# SPDX-License-Identifier: GPL-3.0-or-later
"""Models are known by content, unknown ones by what the user says and their signature; hostile ones are refused."""

import json
import os
import resource
import shutil
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path

import numpy as np
import onnx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from models import stand_ins
from onnx import TensorProto, helper, numpy_helper
from together import run_in_threads
from understudy.core.errors import ModelError
from understudy.core.models.catalog import ROLES, load_catalogue, mismatch
from understudy.core.models.hashes import FILE_NAME
from understudy.core.models.library import ModelLibrary, onnx_info_of, user_model_folder
from understudy.core.models.onnx_file import MAX_FILE_BYTES, last_initializer, read_onnx_info
from understudy.core.models.preprocess import preprocess
from understudy.core.models.processor import PROVIDERS, Processor
from understudy.core.models.session import ModelFile, ModelPool
from understudy.core.models.statement import statement_path

CATALOGUE = load_catalogue()


def test_every_published_file_has_a_family_a_licence_and_a_page() -> None:
    assert {role for role, _ in CATALOGUE.families} == set(ROLES)
    for known in CATALOGUE.models:
        assert (known.role, known.family) in CATALOGUE.families
        assert known.licence
        assert known.vendor
        assert known.page.startswith("https://")
        assert known.url == "" or (known.url.startswith("https://") and known.sha256 and known.size)
        assert "non-commercial" not in known.licence or not known.commercial
    hashes = [known.sha256 for known in CATALOGUE.models if known.sha256]
    assert len(hashes) == len(set(hashes)) == 42
    assert all(len(content) == 64 for content in hashes)


# What one pixel of red 10, green 130, blue 250 is to each network: from the vendors' contracts, by hand.
PIXEL = {
    "detect/blaze": (10 / 127.5 - 1, 130 / 127.5 - 1, 250 / 127.5 - 1),
    "detect/yunet": (250, 130, 10),
    "detect/scrfd": (-117.5 / 128, 2.5 / 128, 122.5 / 128),
    "detect/retinaface": (-117.5 / 128, 2.5 / 128, 122.5 / 128),
    "detect/retinaface-ssd": (146, 13, -113),
    "detect/yolov5-face": (10 / 255, 130 / 255, 250 / 255),
    "detect/yolov8-face": (10 / 255, 130 / 255, 250 / 255),
    "detect/s3fd": (146, 13, -113),
    "detect/centerface": (10, 130, 250),
    "landmark/face-mesh": (10 / 255, 130 / 255, 250 / 255),
    "landmark/fan-68": (10 / 255, 130 / 255, 250 / 255),
    "landmark/peppa-68": (123 / 127, 3 / 127, -117 / 127),
    "landmark/peppa-68-256": (10 / 255, 130 / 255, 250 / 255),
    "landmark/pfld-98": (10 / 255, 130 / 255, 250 / 255),
    "landmark/insightface-106": (10, 130, 250),
    "landmark/liveportrait-203": (10 / 255, 130 / 255, 250 / 255),
    "embed/arcface": (10 / 127.5 - 1, 130 / 127.5 - 1, 250 / 127.5 - 1),
    "embed/ghostface": (-117.5 / 128, 2.5 / 128, 122.5 / 128),
    "embed/sface": (10, 130, 250),
    "embed/mobileface": (10, 130, 250),
    "pose/6drepnet": ((10 / 255 - 0.485) / 0.229, (130 / 255 - 0.456) / 0.224, (250 / 255 - 0.406) / 0.225),
    "pose/fsanet": (122.5 / 128, 2.5 / 128, -117.5 / 128),
    "attribute/genderage": (10, 130, 250),
    "occlude/xseg": (250 / 255, 130 / 255, 10 / 255),
    "occlude/bisenet": ((10 / 255 - 0.485) / 0.229, (130 / 255 - 0.456) / 0.224, (250 / 255 - 0.406) / 0.225),
    "occlude/skin-hair": (
        (10 / 255 - 0.485) / 0.229,
        (130 / 255 - 0.456) / 0.224,
        (250 / 255 - 0.406) / 0.225,
    ),
    "occlude/selfie": (10 / 255, 130 / 255, 250 / 255),
}


@pytest.mark.parametrize("name", PIXEL)
def test_a_pixel_reaches_the_network_as_its_vendor_says(name: str) -> None:
    family = CATALOGUE.find_family(name)
    picture = np.zeros((2, 4, 6, 3), np.uint8)
    picture[1, 2, 3] = 10, 130, 250
    tensor = preprocess(picture, family)
    assert tensor.dtype == np.float32
    assert tensor.shape == ((2, 3, 4, 6) if family.layout == "nchw" else (2, 4, 6, 3))
    pixel = tensor[1, :, 2, 3] if family.layout == "nchw" else tensor[1, 2, 3]
    assert pixel == pytest.approx(PIXEL[name], abs=2e-4)


def test_the_shared_files_are_known_by_content_under_any_name(shared: Path, tmp_path: Path) -> None:
    models_by_name = {
        one.file.path.name: one for one in ModelLibrary([shared / "models"]).local_models() if one.card
    }
    assert len(models_by_name) == 17
    for one in models_by_name.values():
        assert mismatch(CATALOGUE.family(one.role, one.family), onnx_info_of(one.file.path)) == ""
        assert one.size == one.card.size
    shutil.copy(shared / "models/embed/mobileface_v2_256d_112.onnx", tmp_path / "holiday.onnx")
    model = ModelLibrary([tmp_path]).model("embed", "mobileface")
    assert model.path.name == "holiday.onnx"
    assert model.sha256 == models_by_name["mobileface_v2_256d_112.onnx"].card.sha256


@pytest.fixture
def memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where hashes are remembered for this test's user."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "understudy" / FILE_NAME


def test_a_hash_is_remembered_until_the_file_changes(tmp_path: Path, memory: Path) -> None:
    folder = tmp_path / "models"
    folder.mkdir()
    path = stand_ins.write_recogniser(folder / "a.onnx", "arcface")
    statement_path(path).write_text('family = "embed/arcface"')
    first = ModelLibrary([folder]).model("embed", "arcface").sha256
    assert memory.stat().st_mode & 0o777 == 0o600
    assert memory.parent.stat().st_mode & 0o777 == 0o700
    kept = json.loads(memory.read_text())
    assert list(kept) == [str(path.resolve())]
    kept[str(path.resolve())][-1] = "f" * 64
    memory.write_text(json.dumps(kept))
    assert ModelLibrary([folder]).model("embed", "arcface").sha256 == "f" * 64
    # Of the same size and with the same times: only the inode and the time of the change tell.
    times, size = (path.stat().st_atime_ns, path.stat().st_mtime_ns), path.stat().st_size
    stand_ins.write_recogniser(folder / "b.onnx", "arcface", seed=1).replace(path)
    os.utime(path, ns=times)
    assert path.stat().st_size == size
    second = ModelLibrary([folder]).model("embed", "arcface").sha256
    assert second not in (first, "f" * 64)
    memory.write_text("[1, 2")
    assert ModelLibrary([folder]).model("embed", "arcface").sha256 == second
    assert [entry.name for entry in sorted(folder.iterdir())] == ["a.onnx", "a.onnx.toml"]


def test_where_nothing_can_be_remembered_files_are_hashed_each_time(tmp_path: Path, memory: Path) -> None:
    path = stand_ins.write_recogniser(tmp_path / "a.onnx", "arcface")
    memory.parent.parent.mkdir()
    memory.parent.write_text("no folder")
    for _ in range(2):
        assert ModelLibrary([tmp_path]).local_models()[-1].file.sha256 == ModelFile(path).sha256
    assert memory.parent.read_text() == "no folder"


@pytest.mark.parametrize("scans", [8, pytest.param(29, marks=pytest.mark.long)])
def test_threads_that_scan_a_folder_at_once_never_leave_half_a_memory(
    tmp_path: Path, memory: Path, scans: int
) -> None:
    folder = tmp_path / "models"
    folder.mkdir()
    content = stand_ins.write_recogniser(folder / "0.onnx", "arcface").read_bytes()
    ModelLibrary([folder]).local_models()
    # So that writing takes a while.
    gone = {f"/gone/{number}.onnx": [1, 1, 1, 1, 1, "0" * 64] for number in range(6000)}
    memory.write_text(json.dumps(json.loads(memory.read_text()) | gone))
    torn: list[str] = []
    scanned = threading.Event()

    def watch() -> None:
        while not scanned.is_set():
            try:
                json.loads(memory.read_text())
            except ValueError as error:
                torn.append(str(error))

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        for number in range(1, scans + 1):
            (folder / f"{number}.onnx").write_bytes(content)
            run_in_threads(lambda: ModelLibrary([folder]).local_models(), 6)
            assert str((folder / f"{number}.onnx").resolve()) in json.loads(memory.read_text())
    finally:
        scanned.set()
        watcher.join()
    assert torn == []
    assert [entry.name for entry in memory.parent.iterdir()] == [FILE_NAME]


def test_an_unknown_file_is_what_the_user_says_if_its_signature_agrees(tmp_path: Path) -> None:
    path = stand_ins.write_recogniser(tmp_path / "mine.onnx", "sface")
    with pytest.raises(
        ModelError, match=r"no SFace \(128\) model \(embed/sface\) was found: put .* if one of mine\.onnx"
    ):
        ModelLibrary([tmp_path]).model("embed", "sface")
    statement_path(path).write_text('family = "sface"\nlicence = "mine"')
    assert ModelLibrary([tmp_path]).model("embed", "sface").path == path
    statement_path(path).write_text('family = "embed/ghostface"')
    said = r"mine\.onnx can't be used as embed/ghostface: .* expected the input .* n x 112 x 112 x 3\), found data"
    with pytest.raises(ModelError, match=said) as caught:
        ModelLibrary([tmp_path]).model("embed", "ghostface")
    assert "\n" not in str(caught.value)
    statement_path(path).write_text("family = [")
    assert ModelLibrary([tmp_path]).local_models()[-1].problem


# A file of each family that is here as a stand-in, and one of a wrong shape: the refusal says what was expected.
STAND_INS = {
    "detect/scrfd": lambda path: stand_ins.write_scrfd(path, {}),
    "detect/yolov8-face": lambda path: stand_ins.write_yolo8(path, {}),
    "detect/s3fd": lambda path: stand_ins.write_s3fd(path, {}),
    "landmark/fan-68": lambda path: stand_ins.write_fan68(path, np.zeros((68, 2)), 1.0),
    "landmark/peppa-68-256": lambda path: stand_ins.write_peppa256(path, np.zeros((68, 2)), 1.0),
    "landmark/68-from-5": stand_ins.write_five_to_68,
    "landmark/insightface-106": lambda path: stand_ins.write_106(path, np.zeros((106, 2))),
    "landmark/liveportrait-203": lambda path: stand_ins.write_203(path, np.zeros((203, 2))),
    "embed/arcface": lambda path: stand_ins.write_recogniser(path, "arcface"),
    "embed/ghostface": lambda path: stand_ins.write_recogniser(path, "ghostface"),
    "embed/sface": lambda path: stand_ins.write_recogniser(path, "sface"),
    "embed/mobileface": lambda path: stand_ins.write_recogniser(path, "mobileface"),
    "pose/fsanet": lambda path: stand_ins.write_fsanet(path, np.zeros(3)),
    "pose/6drepnet": lambda path: stand_ins.write_6drepnet(path, np.eye(3)),
    "attribute/genderage": stand_ins.write_gender_age,
    "occlude/xseg": stand_ins.write_xseg,
    "occlude/bisenet": stand_ins.write_bisenet,
}


@pytest.mark.parametrize("name", STAND_INS)
def test_each_family_takes_its_own_files_and_refuses_others(name: str, tmp_path: Path) -> None:
    facts = onnx_info_of(STAND_INS[name](tmp_path / "own.onnx"))
    assert mismatch(CATALOGUE.find_family(name), facts) == ""
    alike = {"detect/scrfd": "detect/retinaface", "occlude/xseg": "occlude/selfie"}
    for other in CATALOGUE.families.values():
        said = mismatch(other, facts)
        if other.path not in (name, alike.get(name)):
            assert said.startswith("expected "), f"{name} passes for {other.path}"
            assert ", found " in said


@pytest.mark.parametrize("path", [family.path for family in CATALOGUE.families.values()])
def test_a_file_that_is_not_what_it_is_said_to_be_is_refused_with_what_was_expected(
    path: str, tmp_path: Path
) -> None:
    """Through the library, as every adapter gets its file: the message names the file, both shapes and the family."""
    family = CATALOGUE.find_family(path)
    wrong = stand_ins.write_constant_model(
        tmp_path / "wrong.onnx", "strange", ["n", 7, 5], {"other": np.zeros((1, 2))}
    )
    statement_path(wrong).write_text(f'family = "{path}"')
    library = ModelLibrary([tmp_path])
    embedded = library.models(family.role, family.name)[0] if library.has(family.role, family.name) else None
    if embedded is None:
        with pytest.raises(ModelError) as caught:
            library.model(family.role, family.name)
        said = str(caught.value)
    else:
        said = next(one.problem for one in library.local_models() if one.file.path == wrong)
        assert embedded.path != wrong
    assert "expected " in said
    assert str(family.inputs[0]) in said
    assert "strange (float32 n x 7 x 5)" in said
    assert embedded is not None or (wrong.name in said and path in said)


def _write_model(path: Path, *nodes: onnx.NodeProto, weights: list[onnx.TensorProto] | None = None) -> bytes:
    values = [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n"]) for name in ("x", "y")]
    graph = helper.make_graph(list(nodes), "g", values[:1], values[1:], weights or [])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    path.write_bytes(model.SerializeToString())
    return path.read_bytes()


def _assert_refused(path: Path, said: str) -> None:
    with pytest.raises(ModelError, match=said) as caught:
        ModelPool(1).run_all(ModelFile(path), np.zeros(3, np.float32))
    assert "\n" not in str(caught.value)


def test_weights_in_another_file_are_refused(tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(bytes(12))
    weight = numpy_helper.from_array(np.zeros(3, np.float32), "w")
    weight.ClearField("raw_data")
    weight.data_location = TensorProto.EXTERNAL
    weight.external_data.add(key="location", value="../secret")
    _write_model(tmp_path / "m.onnx", helper.make_node("Add", ["x", "w"], ["y"]), weights=[weight])
    _assert_refused(tmp_path / "m.onnx", r"m\.onnx is refused: it keeps weights in another file")
    constant = helper.make_node("Constant", [], ["w"], value=weight)
    _write_model(tmp_path / "m.onnx", constant, helper.make_node("Add", ["x", "w"], ["y"]))
    _assert_refused(tmp_path / "m.onnx", r"m\.onnx is refused: it keeps weights in another file")


def test_tensors_that_claim_more_than_they_carry_are_refused(tmp_path: Path) -> None:
    weight = TensorProto(name="w", data_type=TensorProto.FLOAT, dims=[1 << 40], raw_data=bytes(16))
    _write_model(tmp_path / "m.onnx", helper.make_node("Add", ["x", "w"], ["y"]), weights=[weight])
    _assert_refused(tmp_path / "m.onnx", r"its tensor 'w' says 1099511627776 values and has 16 bytes")


@pytest.mark.parametrize("kind", ["ConstantOfShape", "Expand", "Tile"])
def test_constants_that_would_swell_are_refused(tmp_path: Path, kind: str) -> None:
    shape = numpy_helper.from_array(np.array([1 << 20, 1 << 20], np.int64), "shape")
    inputs = ["shape"] if kind == "ConstantOfShape" else ["x", "shape"]
    _write_model(tmp_path / "m.onnx", helper.make_node(kind, inputs, ["y"]), weights=[shape])
    _assert_refused(tmp_path / "m.onnx", r"it would fill a tensor of 1048576 x 1048576 values")


@pytest.mark.parametrize("shape", [[1, 3, 100_000, 100_000], ["n", 60_000, 60_000, 3], ["n", 1 << 40]])
def test_inputs_larger_than_any_picture_are_refused(tmp_path: Path, shape: list[int | str]) -> None:
    """Canvases and crops are made as large as a file says its input is."""
    path = stand_ins.write_constant_model(tmp_path / "m.onnx", "in_face:0", shape, {"y": np.zeros((1, 2))})
    _assert_refused(path, r"m\.onnx is refused: no network of faces takes or gives as much as in_face:0")


def test_a_graph_that_asks_for_ever_more_memory_fails_with_a_message(tmp_path: Path) -> None:
    """Nothing in the file says how much: the size is computed from its input, here 12 GB at once."""
    steps = [
        helper.make_node("Cast", ["x"], ["sizes"], to=TensorProto.INT64),
        helper.make_node("ConstantOfShape", ["sizes"], ["swollen"]),
        helper.make_node("ReduceSum", ["swollen"], ["y"], keepdims=0),
    ]
    values = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)
        for name, shape in (("x", [2]), ("y", []))
    ]
    graph = helper.make_graph(steps, "g", values[:1], values[1:])
    onnx.save(
        helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8),
        tmp_path / "m.onnx",
    )
    pool, model = ModelPool(1), ModelFile(tmp_path / "m.onnx")
    assert pool.run_all(model, np.array([3, 4], np.float32))[0] == 0
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(ModelError, match=r"m\.onnx failed on an input"):
        pool.run_all(model, np.array([50_000, 60_000], np.float32))
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 1 << 20  # in kilobytes
    # What is asked for next is there: one file's greed is no other's trouble.
    assert pool.run_all(model, np.array([5, 6], np.float32))[0] == 0


def test_a_huge_file_is_refused_unread(tmp_path: Path) -> None:
    path = tmp_path / "huge.onnx"
    with path.open("wb") as file:
        file.truncate(MAX_FILE_BYTES + 10)
    _assert_refused(path, r"huge\.onnx has 2\.1 GB: an ONNX file holds 2 GB at most")


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_a_damaged_file_is_a_model_error_and_nothing_else(data: st.DataObject) -> None:
    whole = _SMALL_MODEL
    kept = bytearray(whole[: data.draw(st.integers(0, len(whole)))])
    for at in data.draw(st.lists(st.integers(0, max(len(kept) - 1, 0)), max_size=4)):
        if kept:
            kept[at] = data.draw(st.integers(0, 255))
    # Whatever the bytes, the only way out is an answer or a ModelError: anything else fails the test.
    with suppress(ModelError):
        assert read_onnx_info(bytes(kept), Path("damaged.onnx")).outputs


def _small_model() -> bytes:
    weight = numpy_helper.from_array(np.arange(6, dtype=np.float32).reshape(2, 3), "w")
    return helper.make_model(
        helper.make_graph(
            [helper.make_node("MatMul", ["x", "w"], ["y"])],
            "g",
            [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", 2])],
            [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", 3])],
            [weight],
        )
    ).SerializeToString()


_SMALL_MODEL = _small_model()


def test_a_file_says_what_it_takes_gives_and_holds() -> None:
    facts = read_onnx_info(_SMALL_MODEL, Path("m.onnx"))
    assert [str(info) for info in (*facts.inputs, *facts.outputs)] == [
        "x (float32 n x 2)",
        "y (float32 n x 3)",
    ]
    assert [str(info) for info in facts.initializers] == ["w (float32 2 x 3)"]
    assert last_initializer(_SMALL_MODEL, Path("m.onnx")).tolist() == [[0, 1, 2], [3, 4, 5]]


def test_batches_run_at_once_where_the_file_allows_and_one_by_one_where_not(tmp_path: Path) -> None:
    pictures = np.random.default_rng(1).uniform(0, 255, (3, 3, 112, 112)).astype(np.float32)
    many = ModelFile(stand_ins.write_recogniser(tmp_path / "many.onnx", "arcface"))
    model = onnx.load(many.path)
    model.graph.input[0].type.tensor_type.shape.dim[0].dim_value = 1
    onnx.save(model, tmp_path / "one.onnx")
    pool = ModelPool(1)
    answers = [pool.run_batch(file, pictures)[0] for file in (many, ModelFile(tmp_path / "one.onnx"))]
    assert answers[0].shape == (3, 512)
    assert np.allclose(*answers, atol=1e-4)


def test_a_provider_that_is_not_there_is_passed_over_and_reported(tmp_path: Path) -> None:
    model = ModelFile(stand_ins.write_recogniser(tmp_path / "a.onnx", "sface"))
    pool = ModelPool(1, ("coreml", "cpu"))
    pool.run_batch(model, np.zeros((1, 3, 112, 112), np.float32))
    assert pool.processor == Processor("cpu")
    reason = f"this ONNX Runtime has no {PROVIDERS['coreml']}"
    assert pool.warnings == (f"coreml can't run models here, the CPU does: {reason}",)
    with pytest.raises(ModelError, match="there is no provider 'gpu'"):
        ModelPool(1, ("gpu",))


def test_sessions_are_shared_by_content_and_let_go(tmp_path: Path) -> None:
    path = stand_ins.write_recogniser(tmp_path / "a.onnx", "sface")
    shutil.copy(path, tmp_path / "b.onnx")
    pool = ModelPool(1)
    for name in ("a.onnx", "b.onnx", "a.onnx"):
        pool.run_all(ModelFile(tmp_path / name), np.zeros((1, 3, 112, 112), np.float32))
    assert pool.load_count == 1
    pool.close()
    assert pool.load_count == 0


def test_the_model_folder_can_be_chosen(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("UNDERSTUDY_MODELS", str(tmp_path))
    assert user_model_folder() == tmp_path
    monkeypatch.delenv("UNDERSTUDY_MODELS")
    usual = user_model_folder()
    assert usual.parts[-2:] == ("understudy", "models")
    monkeypatch.setenv("UNDERSTUDY_MODELS", "off")
    assert user_model_folder() == usual
    assert [one.role for one in ModelLibrary([tmp_path / "nowhere"]).local_models()] == [
        "detect",
        "landmark",
        "occlude",
    ]


def test_a_library_is_not_read_before_it_is_asked(tmp_path: Path) -> None:
    code = "import sys; from understudy.core.models.library import ModelLibrary; ModelLibrary(); "
    code += "print('onnxruntime' in sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "False"
