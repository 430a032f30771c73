# SPDX-License-Identifier: GPL-3.0-or-later
"""What farms' own programs find that a project needs: blender-asset-tracer, which Flamenco sends projects by."""

from farm.blender_program import run

_TRACE = (
    "import sys, pathlib\n"
    "from blender_asset_tracer import trace\n"
    "for usage in trace.deps(pathlib.Path(sys.argv[1])): print(usage.abspath)\n"
)


def test_the_tracer_finds_the_image_of_a_source_person_and_the_layers(farm, engines):
    done = run([engines / "python", "-c", _TRACE, farm.project], {"PATH": "/usr/bin:/bin"})
    assert done.returncode == 0, done.stdout
    lines = done.stdout.splitlines()
    folder = farm.project.parent
    assert str(folder / "face.png") in lines
    assert any(path.startswith(f"{folder}/understudy_cache/layers/") for path in lines)
