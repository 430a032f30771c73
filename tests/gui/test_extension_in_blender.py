# SPDX-License-Identifier: GPL-3.0-or-later
"""The zip in real Blender 5.2: its own checker, a clean profile, the command line."""


def test_blender_itself_finds_the_extension_valid(room, given):
    run = room.blender(["--command", "extension", "validate", "/given/understudy.zip"], given)
    assert run.status == 0, run.output
    assert "Success" in run.output


def test_libraries_come_from_the_extension_and_the_doctor_is_content(room, given, newcomer):
    run = room.blender(["--command", "understudy", "doctor"], given)
    assert run.status == 0, run.output
    assert "Python 3.14" in run.output
    assert "can't be loaded" not in run.output
    assert run.output.count("is intact") >= 2  # the embedded models, under the extension's own folder
    assert "/work/profile/extensions/user_default/understudy/core/models/embedded/" in run.output
    where = "import cv2, av, onnxruntime; print('FROM', *(m.__file__ for m in (cv2, av, onnxruntime)))"
    run = room.blender(["-b", "--python-expr", where], given)
    paths = next(line for line in run.output.splitlines() if line.startswith("FROM ")).split()[1:]
    assert all(path.startswith("/work/profile/extensions/.local/") for path in paths), paths


def test_a_fault_on_the_command_line_is_one_line_and_an_exit_code(room, given, newcomer):
    run = room.blender(["--command", "understudy", "cache", "stats"], given)
    assert run.status == 2
    assert "Traceback" not in run.output
    assert "--cache-dir" in run.output
