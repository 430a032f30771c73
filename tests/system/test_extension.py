# SPDX-License-Identifier: GPL-3.0-or-later
"""The zip that Blender installs: what is in it, that it needs nothing else, and that Blender takes it."""

import ast
import hashlib
import json
import os
import subprocess
import sys
import tomllib
import zipfile
from importlib.util import find_spec
from pathlib import Path

import pytest
from understudy.core.errors import ModelError, OutputError, UnderstudyError

from tools.build_extension.__main__ import build
from tools.build_extension.package import ROOT, checker, code_files, manifest, model_files, validate, write
from tools.build_extension.platforms import BUNDLED, PLATFORMS, PYTHONS
from tools.build_extension.wheels import LOCKED, pins

HOSTS_OWN = {"bpy", "numpy", "mathutils"}
# Each is imported where it is wanted, and its absence is said in one line.
OPTIONAL = {"redis", "cryptography", "keyring"}
LINUX = PLATFORMS[0]


@pytest.fixture(scope="module")
def package(tmp_path_factory):
    """The zip for this machine's kind."""
    models = ROOT / "build" / "models"
    try:
        return build(LINUX, tmp_path_factory.mktemp("dist"), ROOT / "build" / "wheels", models)
    except UnderstudyError as error:
        pytest.skip(f"the extension can't be made here: {error}")


def imported(path):
    """The first parts of what a file imports absolutely."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (name.name.partition(".")[0] for name in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level and node.module:
            yield node.module.partition(".")[0]


def test_all_that_the_code_imports_is_bundled_or_blenders_own():
    wanted = {name for path in code_files().values() if path.suffix == ".py" for name in imported(path)}
    foreign = wanted - set(sys.stdlib_module_names) - HOSTS_OWN - OPTIONAL
    assert foreign == set(BUNDLED.values())


def test_the_zip_holds_code_models_and_wheels_and_nothing_else(package):
    with zipfile.ZipFile(package) as archive:
        names = archive.namelist()
        listed = tomllib.loads(archive.read("blender_manifest.toml").decode())
        models = json.loads(archive.read("core/models/embedded/manifest.json"))["files"]
        hashes = {entry["file"]: entry["sha256"] for entry in models}
        for name, expected in hashes.items():
            assert hashlib.sha256(archive.read(f"core/models/embedded/{name}")).hexdigest() == expected
    assert {"__init__.py", "addon/__init__.py", "core/models/embedded.py", "LICENSE"} <= set(names)
    assert {name.partition("/")[0] for name in names if "/" in name} == {"addon", "core", "wheels"}
    assert not [name for name in names if "__pycache__" in name or name.endswith(".pyc")]
    assert [name.removeprefix("./") for name in listed["wheels"]] == sorted(
        n for n in names if n.endswith(".whl")
    )
    assert listed["platforms"] == ["linux-x64"]


def test_every_python_has_its_wheels_and_numpy_stays_blenders(package):
    with zipfile.ZipFile(package) as archive:
        wheels = [name.removeprefix("wheels/") for name in archive.namelist() if name.endswith(".whl")]
    kinds = {name.partition("-")[0] for name in wheels}
    assert kinds == {name.replace("-", "_") for name in BUNDLED}
    for python in PYTHONS:
        tag = f"cp{python.replace('.', '')}"
        fit = {name.partition("-")[0] for name in wheels if f"-{tag}-" in name or "-abi3-" in name}
        assert fit == kinds, python


def test_the_same_input_gives_the_same_bytes(tmp_path):
    files = {"b.py": "x = 1\n", "a/c.txt": ROOT / "LICENSE"}
    write(tmp_path / "one.zip", files)
    write(tmp_path / "two.zip", dict(reversed(files.items())))
    assert (tmp_path / "one.zip").read_bytes() == (tmp_path / "two.zip").read_bytes()


def test_the_manifest_is_changed_only_by_platform_and_wheels():
    text = (ROOT / "blender_manifest.toml").read_text(encoding="utf-8")
    made = tomllib.loads(manifest(text, LINUX, [Path("x/a-1-cp311-abi3-any.whl")]))
    assert made.pop("wheels") == ["./wheels/a-1-cp311-abi3-any.whl"]
    assert made.pop("platforms") == ["linux-x64"]
    assert made == tomllib.loads(text)


def test_pins_keep_their_hashes_and_an_unpinned_name_is_refused():
    wanted = pins(LOCKED.read_text(encoding="utf-8"), BUNDLED)
    assert wanted.count("==") == len(BUNDLED)
    assert wanted.count("--hash=sha256:") >= len(BUNDLED) * len(PLATFORMS)
    with pytest.raises(OutputError, match="does not pin left-pad"):
        pins(LOCKED.read_text(encoding="utf-8"), ["left-pad"])


def test_a_missing_model_is_named(tmp_path):
    (tmp_path / "manifest.json").write_text('{"files": [{"file": "face.onnx"}]}')
    with pytest.raises(ModelError, match=r"lacks face\.onnx"):
        model_files(tmp_path)


def test_blenders_checker_takes_the_zip_and_refuses_a_broken_one(package, tmp_path):
    program = checker()
    if program is None:
        pytest.skip("there is no `bpy` here, so no checker")
    assert "Success" in validate(package, program)
    write(tmp_path / "broken.zip", {"__init__.py": "", "blender_manifest.toml": 'id = "x"\n'})
    with pytest.raises(OutputError, match=r"refuses broken\.zip"):
        validate(tmp_path / "broken.zip", program)


@pytest.mark.blender
def test_a_clean_profile_installs_it_and_needs_nothing_of_ours(package, tmp_path):
    """In a Python that has `bpy` and its requirements, but none of the libraries that we bring along."""
    if find_spec("bpy") is None:
        pytest.skip("there is no `bpy` here")
    site = tmp_path / "site"
    site.mkdir()
    packages = Path(find_spec("bpy").origin).parents[1]
    own = (
        "bpy*",
        "numpy*",
        "requests*",
        "urllib3*",
        "certifi*",
        "idna*",
        "charset_normalizer*",
        "zstandard*",
    )
    for pattern in own:
        for path in packages.glob(pattern):
            (site / path.name).symlink_to(path)
    script = tmp_path / "install.py"
    script.write_text(
        "import sys, bpy\n"
        f"bpy.ops.extensions.package_install_files(filepath={str(package)!r}, repo='user_default')\n"
        "import cv2, av, onnxruntime\n"
        "from bl_ext.user_default.understudy.core.cli import main\n"
        "print('FROM', *(m.__file__ for m in (cv2, av, onnxruntime)))\n"
        "print('DOCTOR', main(['doctor']))\n"
        "bpy.ops.preferences.addon_disable(module='bl_ext.user_default.understudy')\n"
    )
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "BLENDER"))
    }
    environment |= {"PYTHONPATH": str(site), "BLENDER_USER_RESOURCES": str(tmp_path / "profile")}
    python = Path(sys.base_prefix) / "bin" / f"python{sys.version_info.major}.{sys.version_info.minor}"
    done = subprocess.run(
        [str(python), "-S", str(script)],
        env=environment,
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-3000:]
    found = next(line for line in done.stdout.splitlines() if line.startswith("FROM ")).split()[1:]
    assert all(path.startswith(str(tmp_path / "profile")) for path in found), found
    assert "DOCTOR 0" in done.stdout
    assert "Traceback" not in done.stderr
