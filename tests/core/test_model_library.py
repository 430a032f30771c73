# SPDX-License-Identifier: GPL-3.0-or-later
"""Models are recognised by content, unknown ones by what the user says and their signature."""

import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from models import stand_ins
from understudy.core.cli.main import main
from understudy.core.errors import ModelError
from understudy.core.models.catalog import ROLES, load_catalogue, mismatch
from understudy.core.models.library import ModelLibrary, user_model_folder
from understudy.core.models.onnx_skeleton import onnx_info_of
from understudy.core.models.preprocess import preprocess
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
        assert bool(known.size) == bool(known.sha256)  # a file of another size is not even hashed
        assert "non-commercial" not in known.licence or not known.commercial
    hashes = [known.sha256 for known in CATALOGUE.models if known.sha256]
    assert len(hashes) == len(set(hashes)) == 44
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
    "embed/auraface": (10 / 127.5 - 1, 130 / 127.5 - 1, 250 / 127.5 - 1),
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


def test_a_folder_of_models_that_is_not_there_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "nowhere"
    monkeypatch.setenv("UNDERSTUDY_MODELS", str(folder))
    with pytest.raises(ModelError, match="nowhere, which is not there"):
        ModelLibrary().model("embed", "sface")
    assert main(["doctor"]) == 1
    assert f"UNDERSTUDY_MODELS names {folder}, which is not there: mount it" in capsys.readouterr().out
    folder.mkdir()
    with pytest.raises(ModelError, match=f"into {folder}(;|$)"):
        ModelLibrary().model("embed", "sface")
    assert main(["doctor"]) == 0


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
    "embed/auraface": lambda path: stand_ins.write_recogniser(path, "auraface"),
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
    alike |= {"embed/arcface": "embed/auraface", "embed/auraface": "embed/arcface"}
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
