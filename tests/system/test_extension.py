# SPDX-License-Identifier: GPL-3.0-or-later
"""The zip that Blender installs: what is in it, that it needs nothing else, and that Blender takes it."""

import ast
import hashlib
import json
import sys
import tomllib
import zipfile
from email import message_from_bytes
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from understudy.core.errors import ModelError, OutputError, UnderstudyError

from tools.build_extension.__main__ import build
from tools.build_extension.package import ROOT, checker, code_files, manifest, model_files, validate, write
from tools.build_extension.platforms import BUNDLED, CPU, PLATFORMS, PYTHONS, VARIANTS
from tools.build_extension.wheels import LOCKED, pins, wanted_pins

HOSTS_OWN = {"blf", "bpy", "gpu", "gpu_extras", "numpy", "mathutils"}
LINUX, WINDOWS = PLATFORMS[:2]
ACCELERATED_VARIANTS = [variant for variant in VARIANTS if variant != CPU]
EXTRAS = {"c2pa"}
"""What only an extra of the wheel brings, and the extension does without: it is too large for all to download."""


def imported_packages(path):
    """The first parts of what a file imports absolutely."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (name.name.partition(".")[0] for name in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level and node.module:
            yield node.module.partition(".")[0]


def wheel_distributions(wheels):
    """The distributions of some wheels, by one spelling each."""
    return {name.partition("-")[0].replace(".", "_") for name in wheels}


def normalised_names(*distributions):
    """The same for distributions as they are pinned."""
    return {name.replace("-", "_") for name in distributions}


def test_all_that_the_code_imports_is_bundled_or_blenders_own():
    wanted = {
        name for path in code_files().values() if path.suffix == ".py" for name in imported_packages(path)
    }
    foreign = wanted - set(sys.stdlib_module_names) - HOSTS_OWN - EXTRAS
    assert foreign == set(BUNDLED.values()) - {""}


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
    kinds = wheel_distributions(wheels)
    assert kinds == normalised_names(*BUNDLED, *LINUX.bundled)
    for python in PYTHONS:
        tag = f"cp{python.replace('.', '')}"
        fit = wheel_distributions(n for n in wheels if f"-{tag}-" in n or "-abi3-" in n or "-any." in n)
        assert fit == kinds, python


def test_what_the_packages_require_is_bundled_too(package, tmp_path):
    """By what the wheels say themselves, for each Python; but for what running a model or a server needs not."""
    metadata = {}
    with zipfile.ZipFile(package) as archive:
        for name in archive.namelist():
            if name.endswith(".whl"):
                with zipfile.ZipFile(archive.open(name)) as wheel:
                    (path,) = (n for n in wheel.namelist() if n.endswith(".dist-info/METADATA"))
                    metadata[name] = message_from_bytes(wheel.read(path))
    needless = {"numpy", "flatbuffers", "protobuf", "packaging", "pycparser"}
    bundled = {canonicalize_name(about["Name"]) for about in metadata.values()}
    for python in PYTHONS:
        full = f"{python}.9"  # no Blender has an earlier one of 3.11
        environment = {"python_version": python, "python_full_version": full, "extra": ""}
        for name, about in metadata.items():
            assert SpecifierSet(about["Requires-Python"] or "").contains(full), name
            for requirement in map(Requirement, about.get_all("Requires-Dist", [])):
                if requirement.marker is None or requirement.marker.evaluate(environment):
                    assert canonicalize_name(requirement.name) in bundled | needless, (name, str(requirement))


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


@pytest.mark.parametrize("variant", VARIANTS, ids=lambda variant: variant.name)
def test_a_variant_carries_one_onnx_runtime_pinned_for_each_of_its_platforms(variant):
    platforms = [platform for platform in PLATFORMS if platform.name in variant.platforms]
    for platform in platforms:
        assert wanted_pins(variant, platform).count("==") == len(BUNDLED) + len(platform.bundled)
    wanted = wanted_pins(variant, platforms[0])
    runtimes = [line.partition("=")[0] for line in wanted.splitlines() if line.startswith("onnxruntime")]
    assert runtimes == [variant.runtime]
    hashes = wanted.partition(f"{variant.runtime}==")[2].partition("\nopencv")[0].count("--hash=sha256:")
    assert hashes >= len(variant.platforms) * len(variant.pythons)


def test_a_variant_is_made_only_where_there_is_such_a_processor(tmp_path):
    assert {(variant.name, name) for variant in ACCELERATED_VARIANTS for name in variant.platforms} == {
        ("cuda", "linux-x64"),
        ("cuda", "windows-x64"),
        ("directml", "windows-x64"),
        ("openvino", "linux-x64"),
    }
    for variant in ACCELERATED_VARIANTS:
        for platform in PLATFORMS:
            if platform.name not in variant.platforms:
                with pytest.raises(OutputError, match=f"no {variant.name} variant for {platform.name}"):
                    build(platform, tmp_path, tmp_path, tmp_path, variant)
        for python in set(PYTHONS) - set(variant.pythons):
            with pytest.raises(OutputError, match=f"no {variant.name} variant for Python {python}"):
                build(LINUX, tmp_path, tmp_path, tmp_path, variant, [python])


@pytest.mark.long
# CUDA's takes most of a gigabyte: for one Python, and only where somebody waits for it.
@pytest.mark.parametrize("variant", ACCELERATED_VARIANTS, ids=lambda variant: variant.name)
def test_a_variants_zip_has_its_runtime_and_blenders_checker_takes_it(variant, tmp_path):
    program = checker()
    if program is None:
        pytest.skip("there is no `bpy` here, so no checker")
    pythons = PYTHONS if variant.name == "directml" else PYTHONS[:1]
    platform = WINDOWS if WINDOWS.name in variant.platforms else LINUX
    try:
        made = build(
            platform, tmp_path, ROOT / "build" / "wheels", ROOT / "build" / "models", variant, pythons
        )
    except UnderstudyError as error:
        pytest.skip(f"the variant can't be made here: {error}")
    assert made.name.endswith(f"-{variant.name}_{platform.name.replace('-', '_')}.zip")
    with zipfile.ZipFile(made) as archive:
        wheels = [name.removeprefix("wheels/") for name in archive.namelist() if name.endswith(".whl")]
    assert wheel_distributions(wheels) == normalised_names(*variant.bundled, *platform.bundled)
    for python in pythons:
        tag = f"-cp{python.replace('.', '')}-"
        assert len([name for name in wheels if name.startswith("onnxruntime") and tag in name]) == 1
    assert "Success" in validate(made, program)


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
