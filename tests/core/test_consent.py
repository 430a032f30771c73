# SPDX-License-Identifier: GPL-3.0-or-later
"""Records of consent: what they cover, the file that projects share, and renders that require them."""

import csv
import json
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest
from understudy.core.cli.main import main
from understudy.core.consent.consent_file import add_record, evidence_hash, read_records, write_records
from understudy.core.consent.record import ConsentRecord, ConsentState, record_from
from understudy.core.consent.request_consent import consent_outlook, consent_state, image_hashes
from understudy.core.errors import ConsentError
from understudy.core.recipe.request import FaceImage, Identity

from tests.core import face_clip

TODAY = date(2027, 3, 1)
FULL = ConsentRecord(
    "Ann Example",
    "A film",
    "the lead",
    TODAY,
    "contract.pdf",
    "ab" * 32,
    "Bea",
    date(2026, 1, 2),
    ("cd" * 32,),
)


@pytest.mark.parametrize(
    ("until", "state"),
    [
        (None, ConsentState.VALID),
        (TODAY, ConsentState.VALID),
        (TODAY - timedelta(1), ConsentState.ENDED),
        (date.max, ConsentState.VALID),
    ],
)
def test_a_consent_holds_to_the_end_of_its_last_day(until: date | None, state: ConsentState) -> None:
    record = replace(FULL, until=until)
    assert record.state(TODAY) is state
    identity = Identity((), "Ann", "a contract", until)
    assert consent_state(identity, (), TODAY) is state
    assert consent_state(replace(identity, consent=""), (), TODAY) is ConsentState.NONE


@pytest.mark.parametrize(
    ("days", "warning"),
    [
        (None, ""),
        (15, ""),
        (14, "the consent ends in 14 days"),
        (1, "the consent ends in 1 day"),
        (0, "the consent ends today"),
        (-1, "the consent has ended"),
    ],
)
def test_an_end_is_said_in_time_and_the_longest_record_counts(days: int | None, warning: str) -> None:
    until = None if days is None else TODAY + timedelta(days)
    identity = Identity((), "Ann Example", "a contract", until)
    assert consent_outlook(identity, (), TODAY).warning(TODAY) == warning
    assert consent_outlook(identity, [replace(FULL, images=(), until=None)], TODAY).warning(TODAY) == ""
    filed = ConsentRecord("ann example", until=until)
    assert consent_outlook(replace(identity, consent=""), [filed], TODAY).warning(TODAY) == warning
    assert (
        consent_outlook(replace(identity, consent="", name="Bea"), [filed], TODAY).state is ConsentState.NONE
    )
    both = consent_outlook(identity, [replace(filed, until=TODAY - timedelta(9))], TODAY)
    assert both.state is consent_state(identity, [filed], TODAY)
    assert both.until == until


def test_a_record_is_for_its_images_or_else_for_its_name(tmp_path: Path) -> None:
    paths = [tmp_path / name for name in ("one.png", "two.png")]
    for path in paths:
        path.write_bytes(path.name.encode())
    one, two = (FaceImage(path) for path in paths)
    by_image = ConsentRecord("Ann", images=tuple(image_hashes(paths[:1])))
    by_name = ConsentRecord("Ann Example")
    assert consent_state(Identity((one,)), [by_image], TODAY) is ConsentState.VALID
    # An image that the record does not name may show anybody.
    assert consent_state(Identity((one, two), "Ann"), [by_image], TODAY) is ConsentState.NONE
    assert consent_state(Identity((two,), " ann example"), [by_image, by_name], TODAY) is ConsentState.VALID
    assert consent_state(Identity((two,)), [by_name, ConsentRecord("")], TODAY) is ConsentState.NONE
    ended = replace(by_image, until=TODAY - timedelta(1))
    assert consent_state(Identity((one,)), [ended], TODAY) is ConsentState.ENDED
    assert consent_state(Identity((one,)), [ended, by_image], TODAY) is ConsentState.VALID
    # What a modifier itself says comes first, and a file may renew it.
    over = Identity((one,), "", "a contract", TODAY - timedelta(1))
    assert consent_state(over, [], TODAY) is ConsentState.ENDED
    assert consent_state(over, [by_image], TODAY) is ConsentState.VALID
    assert (
        consent_state(Identity((FaceImage(tmp_path / "gone.png"),)), [by_image], TODAY) is ConsentState.NONE
    )


def test_a_file_keeps_every_word_and_takes_a_record_once(tmp_path: Path) -> None:
    path = tmp_path / "shared.json"
    strange = ConsentRecord('Ånn "x"\n\u202e', use="=1+1")
    assert add_record(path, FULL)
    assert add_record(path, strange)
    assert not add_record(path, FULL)
    assert read_records(path) == (FULL, strange)
    assert record_from(json.loads(json.dumps(FULL.as_dict()))) == FULL


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (None, "can't read the consent file .*: no such file or directory; check the path, or add a record"),
        ("{", "it is no JSON"),
        ("[]", "no file of consent records"),
        ('{"records": []}', "has another format"),
        ('{"understudy_consent": 2, "records": []}', "use a newer Understudy"),
        ('{"understudy_consent": 1, "records": [{}, 3]}', "record 2 of .* use a newer Understudy"),
        ('{"understudy_consent": 1, "records": [{"only_on_mondays": true}]}', "use a newer Understudy"),
        (
            '{"understudy_consent": 1, "records": [{"until": "soon"}]}',
            "until can't be read: a day is written as",
        ),
        ('{"understudy_consent": 1, "records": [{"person": 7}]}', "person is no text"),
        ('{"understudy_consent": 1, "records": [{"images": ["me.png"]}]}', "no SHA-256"),
        ("[" * 100_000, "no JSON"),
    ],
)
def test_what_is_no_file_of_records_is_refused_and_never_written_over(
    tmp_path: Path, text: str | None, reason: str
) -> None:
    path = tmp_path / "shared.json"
    if text is not None:
        path.write_text(text)
        with pytest.raises(ConsentError):
            add_record(path, FULL)
        assert path.read_text() == text
    with pytest.raises(ConsentError, match=reason) as caught:
        read_records(path)
    assert "\n" not in str(caught.value)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A short clip, pictures of two source persons, and a cache that renders share."""
    made = tmp_path_factory.mktemp("consent")
    face_clip.write_clip(made / "clip.mp4", 2, sound=False)
    face_clip.write_picture(made / "red.png", face_clip.make_up_portrait((230, 20, 20)))
    face_clip.write_picture(made / "blue.png", face_clip.make_up_portrait((20, 20, 230)))
    return made


def test_the_command_lists_adds_exports_and_checks(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path, proof = tmp_path / "shared" / "records.json", tmp_path / "contract.txt"
    path.parent.mkdir()
    monkeypatch.setenv("UNDERSTUDY_CONSENT_FILE", str(path))
    proof.write_text("signed")
    red = str(folder / "red.png")
    add = ["consent", "add", "--person", "Ann", "--recorded-by", "Bea", "--use", "=the lead"]
    assert main([*add, "--face", red, "--evidence", str(proof), "--until", "2999-12-31"]) == 0
    assert main([*add, "--evidence", "https://example.org/contract", "--until", "2001-01-31"]) == 0
    first, second = read_records(path)
    assert first.evidence == str(Path("..", "contract.txt"))
    assert first.evidence_sha256 == evidence_hash(proof)
    assert first.images == tuple(image_hashes([folder / "red.png"]))
    assert (second.evidence_sha256, second.images, second.recorded_on) == ("", (), date.today())
    capsys.readouterr()

    assert main(["consent", "list"]) == 0
    listed = capsys.readouterr().out.splitlines()
    assert "until 2999-12-31; for 1 image;" in listed[0]
    assert "ENDED on 2001-01-31; for every image of that name" in listed[1]
    assert main(["consent", "list", "--json"]) == 0
    assert [entry["state"] for entry in json.loads(capsys.readouterr().out)] == ["valid", "ended"]

    assert main(["consent", "export", str(tmp_path / "out.csv")]) == 0
    with (tmp_path / "out.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["until"] for row in rows] == ["2999-12-31", "2001-01-31"]
    assert rows[0]["use"] == "'=the lead"  # no formula for a table program
    assert main(["consent", "export", str(tmp_path / "out.json")]) == 0
    assert read_records(tmp_path / "out.json") == (first, second)
    assert main(["consent", "export", str(tmp_path / "out.pdf")]) == 1

    capsys.readouterr()
    assert main(["consent", "check", "--face", red]) == 0
    assert main(["consent", "check", "--face", str(folder / "blue.png")]) == 1
    assert main(["consent", "check", "--name", "Ann"]) == 1
    assert main(["consent", "check"]) == 1
    said = capsys.readouterr().out
    assert "no consent of this person is recorded" in said
    assert "understudy cache purge" in said
    assert "record 2: it ended on 2001-01-31" in said
    proof.write_text("signed by somebody else")
    assert main(["consent", "check", "--face", red]) == 1
    assert "record 1: its evidence was changed since it was recorded" in capsys.readouterr().out


def render(folder: Path, place: Path, *more: str, face: str = "red.png") -> int:
    words = [
        "render",
        str(folder / "clip.mp4"),
        "--face",
        str(folder / face),
        "--output",
        str(place / "out.mp4"),
    ]
    return main([*words, "--cache-dir", str(folder / "cache"), "--quiet", *more])


def test_a_render_that_requires_consent_refuses_in_one_line(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    records = tmp_path / "records.json"
    hashes = tuple(image_hashes([folder / "red.png"]))

    def refusal(*more: str) -> str:
        assert render(folder, tmp_path, *more) == 1
        assert not (tmp_path / "out.mp4").exists()
        (line,) = capfd.readouterr().err.splitlines()
        return line

    assert "no consent of its source person is recorded for red.png: " in refusal("--require-consent")
    assert "can't read the consent file" in refusal("--require-consent", "--consent-file", str(records))
    write_records(records, [ConsentRecord("Ann", until=date(2001, 1, 1), images=hashes)])
    assert "person, red.png, has ended: renew it" in refusal(
        "--require-consent", "--consent-file", str(records)
    )
    monkeypatch.setenv("UNDERSTUDY_REQUIRE_CONSENT", "1")
    assert "no consent of its source person" in refusal()
    monkeypatch.setenv("UNDERSTUDY_CONSENT_FILE", str(records))
    assert "has ended: renew it" in refusal()
    # Without the condition it is a warning, and the words of a record are in neither.
    monkeypatch.delenv("UNDERSTUDY_REQUIRE_CONSENT")
    assert render(folder, tmp_path) == 0
    warned = capfd.readouterr().err
    assert "has ended: renew it" in warned
    assert "Ann" not in warned


def test_the_text_of_the_command_line_suffices_and_becomes_a_record_without_an_end(
    folder: Path, tmp_path: Path
) -> None:
    assert render(folder, tmp_path, "--require-consent", "--consent", "It is me.") == 0
    said = json.loads((tmp_path / "out.mp4.understudy.json").read_text())
    assert said["consent"] == "It is me."
    records = tmp_path / "records.json"
    for _ in range(2):
        more = "--consent", "It is me.", "--consent-file", str(records)
        assert render(folder, tmp_path, "--require-consent", *more) == 0
    (record,) = read_records(records)
    assert (record.use, record.until) == ("It is me.", None)
    assert record.images == tuple(image_hashes([folder / "red.png"]))
    # Later renders need not say it again, and another person is not meant.
    assert render(folder, tmp_path, "--require-consent", "--consent-file", str(records)) == 0
    assert render(folder, tmp_path, "--require-consent", "--consent-file", str(records), face="blue.png") == 1


def test_nothing_of_a_record_is_written_anywhere_else(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    words = {
        name: f"planted{name.replace('_', '')}"
        for name in ("person", "project", "use", "evidence", "recorded_by")
    }
    dates = {"until": date(2987, 6, 5), "recorded_on": date(1987, 6, 4)}
    secret = tmp_path / "secret"
    secret.mkdir()
    records = secret / "plantedfilename.json"
    hashes = tuple(image_hashes([folder / "red.png"]))
    write_records(records, [ConsentRecord(**words, **dates, evidence_sha256="be" * 32, images=hashes)])
    monkeypatch.setenv("UNDERSTUDY_LOG", "debug")
    place = tmp_path / "written"
    place.mkdir()
    more = "--require-consent", "--consent-file", str(records), "--report", str(place / "report.json")
    assert render(folder, place, *more, "--cache-dir", str(place / "cache")) == 0
    said = capfd.readouterr()
    planted = [*words.values(), "plantedfilename", "be" * 32, *(str(day) for day in dates.values())]
    texts = {"the terminal": (said.out + said.err).encode()}
    for path in place.rglob("*"):
        texts[str(path)] = path.read_bytes() if path.is_file() else b""
    assert len(texts) > 5
    for name, data in texts.items():
        for word in planted:
            assert word.encode() not in data, f"{word} is in {name}"
            assert word not in name
