# SPDX-License-Identifier: GPL-3.0-or-later
"""Whatever can alter a layer image alters what it is asked to be; what can't, does not."""

import os
import shutil
import time
from dataclasses import fields, replace
from datetime import date
from pathlib import Path

import pytest
from understudy.core.layers.job import LayerJob
from understudy.core.media.source import ClipSource
from understudy.core.models.embedded import embedded_folder
from understudy.core.recipe import Recipe, parameters
from understudy.core.recipe.request import FaceImage, Identity, SwapRequest
from understudy.core.sessions.request_digest import RequestDigester


@pytest.fixture
def job(tmp_path: Path) -> LayerJob:
    """A job whose files are there; what is in them is of no matter here."""
    for name in ("clip.mp4", "one.png", "two.png", "part.png"):
        (tmp_path / name).write_bytes(name.encode())
    pictures = FaceImage(tmp_path / "one.png"), FaceImage(tmp_path / "two.png", 2)
    casting = SwapRequest(Identity(pictures, "Ann", "asked"), Recipe(), (FaceImage(tmp_path / "part.png"),))
    source = ClipSource(True, (tmp_path / "clip.mp4",))
    return LayerJob("strip", 7, source, 6, tmp_path / "000006.tif", (casting,))


@pytest.fixture
def models(tmp_path: Path) -> Path:
    folder = tmp_path / "models"
    folder.mkdir()
    (folder / "net.onnx").write_bytes(b"net")
    return folder


def other_value(entry):
    """Another value that a parameter may have."""
    if entry.choices:
        return next(choice[0] for choice in entry.choices if choice[0] != entry.default)
    if entry.kind is bool:
        return not entry.default
    if entry.kind is str:
        return f"{entry.default}x"
    low = entry.low if entry.low is not None else entry.default - 1
    return entry.kind(low if entry.default != low else entry.high)


def test_the_same_question_has_the_same_digest_in_every_run(job: LayerJob, models: Path) -> None:
    digester = RequestDigester([models])
    assert digester.digest(job) == digester.digest(job) == RequestDigester([models]).digest(job)
    # Where it is shown, and what people are called, alter no pixel.
    (casting,) = job.requests
    person = replace(casting.identity, name="Bea", consent="contract", consent_until=date(2030, 1, 2))
    renamed = replace(casting, identity=person)
    elsewhere = replace(
        job, strip="copy", frame=90, layer_path=Path("/other/000006.tif"), requests=(renamed,)
    )
    assert digester.digest(elsewhere) == digester.digest(job)


@pytest.mark.parametrize("entry", tuple(parameters()), ids=lambda entry: entry.path)
def test_every_parameter_counts(job: LayerJob, models: Path, entry) -> None:
    (casting,) = job.requests
    stage = replace(getattr(casting.recipe, entry.group), **{entry.name: other_value(entry)})
    changed = replace(casting, recipe=replace(casting.recipe, **{entry.group: stage}))
    assert changed != casting
    digester = RequestDigester([models])
    assert digester.digest(replace(job, requests=(changed,))) != digester.digest(job)


def test_every_field_of_the_recipe_is_a_parameter_and_so_was_tried() -> None:
    tried = {entry.path for entry in parameters()}
    named = {
        f"{stage.name}.{entry.name}"
        for stage in fields(Recipe)
        for entry in fields(getattr(Recipe(), stage.name))
    }
    assert named <= tried


def test_frames_people_and_their_order_count(job: LayerJob, models: Path, tmp_path: Path) -> None:
    (casting,) = job.requests
    one, two = casting.identity.images
    jobs = [
        job,
        replace(job, number=5),
        replace(job, requests=()),
        replace(job, requests=(casting, casting)),
        replace(job, source=ClipSource(False, job.source.paths)),
        replace(job, source=ClipSource(True, (tmp_path / "part.png",))),
        *(
            replace(job, requests=(replace(casting, identity=Identity(pictures)),))
            for pictures in (
                (two, one),
                (one,),
                (one, replace(two, face_number=1)),
                (one, FaceImage(two.path)),
            )
        ),
        replace(job, requests=(replace(casting, target_references=()),)),
        replace(job, requests=(replace(casting, target_references=(one,)),)),
    ]
    digester = RequestDigester([models])
    assert len({digester.digest(entry) for entry in jobs}) == len(jobs)


@pytest.mark.parametrize("name", ["clip.mp4", "one.png", "two.png", "part.png", "models/net.onnx"])
def test_a_file_that_was_replaced_counts(job: LayerJob, models: Path, tmp_path: Path, name: str) -> None:
    before = RequestDigester([models]).digest(job)
    path = tmp_path / name
    path.write_bytes(path.read_bytes()[::-1])
    os.utime(path, ns=(1, 1))
    assert RequestDigester([models]).digest(job) != before


def changed_digest(digester: RequestDigester, job: LayerJob, before: str | None) -> str | None:
    """Ask until the answer is another; files are looked at again after a while that grows with how long it takes."""
    deadline = time.monotonic() + 20
    while (digest := digester.digest(job)) == before and time.monotonic() < deadline:
        time.sleep(0.01)
    return digest


def test_a_run_sees_what_is_replaced_while_it_lasts(job: LayerJob, models: Path, tmp_path: Path) -> None:
    digester = RequestDigester([models])
    before = digester.digest(job)
    os.utime(tmp_path / "clip.mp4", ns=(1, 1))
    assert changed_digest(digester, job, before) == RequestDigester([models]).digest(job) != before


def test_a_run_sees_a_link_that_leads_to_another_file_since(
    job: LayerJob, models: Path, tmp_path: Path
) -> None:
    for name in ("old", "new"):
        (tmp_path / name).write_bytes(b"a clip")
        os.utime(tmp_path / name, ns=(1, 1))
    clip = tmp_path / "clip.mp4"
    clip.unlink()
    try:
        clip.symlink_to(tmp_path / "old")
    except OSError as error:
        pytest.skip(f"no links can be made here: {error}")
    digester = RequestDigester([models])
    before = digester.digest(job)
    clip.unlink()
    clip.symlink_to(tmp_path / "new")
    assert changed_digest(digester, job, before) == RequestDigester([models]).digest(job) != before


def test_another_model_counts_and_a_missing_folder_is_one_without_models(job: LayerJob, models: Path) -> None:
    before = RequestDigester([models]).digest(job)
    assert RequestDigester([models.with_name("none")]).digest(job) not in (None, before)
    (models / "more.onnx").write_bytes(b"more")
    assert RequestDigester([models]).digest(job) != before


def test_machines_that_have_the_same_models_since_another_day_ask_for_the_same(
    job: LayerJob, tmp_path: Path
) -> None:
    digests = set()
    for day in range(2):
        installed = shutil.copytree(embedded_folder(), tmp_path / f"installed_{day}")
        for path in installed.iterdir():
            os.utime(path, (86_400 * day, 86_400 * day))
        digests.add(RequestDigester([installed]).digest(job))
    assert len(digests) == 1


def test_what_is_missing_has_no_digest(job: LayerJob, models: Path, tmp_path: Path) -> None:
    (tmp_path / "two.png").unlink()
    assert RequestDigester([models]).digest(job) is None


def _project_at(root: Path, contents: bytes = b"clip") -> LayerJob:
    """A job of a project below a folder; its files have the same times wherever it is."""
    folder = root / "project"
    folder.mkdir(parents=True)
    for name in ("clip.mp4", "one.png", "part.png"):
        (folder / name).write_bytes(contents if name == "clip.mp4" else name.encode())
        os.utime(folder / name, ns=(10**18, 10**18))
    request = SwapRequest(
        Identity((FaceImage(folder / "one.png"),)), Recipe(), (FaceImage(folder / "part.png"),)
    )
    source = ClipSource(True, (folder / "clip.mp4",))
    return LayerJob("strip", 7, source, 6, folder / "layers" / "000006.tif", (request,))


def test_a_project_on_another_mount_point_asks_for_the_same(tmp_path: Path, models: Path) -> None:
    digester = RequestDigester([models])
    one, other = _project_at(tmp_path / "mnt" / "a"), _project_at(tmp_path / "Volumes" / "b")
    assert digester.digest(one) == digester.digest(other)


def test_a_file_of_another_content_or_name_is_another_wherever_it_is(tmp_path: Path, models: Path) -> None:
    digester = RequestDigester([models])
    one, other = _project_at(tmp_path / "a"), _project_at(tmp_path / "b", b"clap")
    assert digester.digest(one) != digester.digest(other)
    renamed = other.source.paths[0].with_name("take2.mp4")
    shutil.copy2(one.source.paths[0], renamed)
    assert digester.digest(replace(one, source=ClipSource(True, (renamed,)))) != digester.digest(one)
    images = (FaceImage(one.requests[0].target_references[0].path),)
    swapped = replace(one.requests[0], identity=Identity(images))
    assert digester.digest(replace(one, requests=(swapped,))) != digester.digest(one)
