# SPDX-License-Identifier: GPL-3.0-or-later
"""How outputs are marked, as the environment says it: what is wrong is an error, and nothing goes online unasked."""

from pathlib import Path

import pytest
from understudy.core.cli.main import main
from understudy.core.errors import OutputError
from understudy.core.provenance import settings
from understudy.core.provenance.settings import MarkSettings, mark_settings


@pytest.fixture
def library(monkeypatch):
    monkeypatch.setattr(settings, "has_manifest_library", lambda: True)


@pytest.fixture
def no_library(monkeypatch):
    monkeypatch.setattr(settings, "has_manifest_library", lambda: False)


def test_marks_are_on_and_signed_where_that_can_be_done(library):
    assert mark_settings({}, online=True) == MarkSettings(has_manifest=True)
    assert mark_settings({"UNDERSTUDY_C2PA": "off"}, online=True) == MarkSettings()


def test_without_the_library_marks_are_xmp(no_library):
    assert mark_settings({}, online=True) == MarkSettings()
    for asked in ({"UNDERSTUDY_C2PA": "1"}, {"UNDERSTUDY_C2PA_CERTIFICATE": "mine.pem"}):
        with pytest.raises(OutputError, match=r"understudy\[c2pa\]"):
            mark_settings(asked, online=True)


def test_marks_are_off_or_required(no_library):
    assert not mark_settings({"UNDERSTUDY_MARKS": "off"}, online=True).is_on
    assert mark_settings({"UNDERSTUDY_MARKS": "require"}, online=True).is_required
    assert mark_settings({}, online=True, required=True).is_required
    with pytest.raises(OutputError, match="leave out one of the two"):
        mark_settings({"UNDERSTUDY_MARKS": "0"}, online=True, required=True)
    with pytest.raises(OutputError, match=r"UNDERSTUDY_MARKS can't be read: 'maybe'.*, or require"):
        mark_settings({"UNDERSTUDY_MARKS": "maybe"}, online=True)


def test_no_timestamp_authority_is_asked_offline_or_unnamed(library):
    assert mark_settings({}, online=True).timestamp_url == ""
    named = {"UNDERSTUDY_C2PA_TIMESTAMP": "http://time.example"}
    assert mark_settings(named, online=True).timestamp_url == "http://time.example"
    offline = mark_settings(named, online=False)
    assert offline.timestamp_url == ""
    assert "Allow Online Access" in offline.warnings[0]


def test_the_password_comes_from_the_environment_or_the_keyring_and_is_not_shown(library, monkeypatch):
    keyring = pytest.importorskip("keyring")
    kept = {("understudy", "c2pa"): "of the keyring"}
    monkeypatch.setattr(keyring, "get_password", lambda service, user: kept.get((service, user)))
    named = {"UNDERSTUDY_C2PA_CERTIFICATE": "mine.p12", "UNDERSTUDY_C2PA_PASSWORD": "plain"}
    plain = mark_settings(named, online=True)
    assert (plain.certificate, plain.password) == (Path("mine.p12"), "plain")
    assert "plain" not in repr(plain)
    named["UNDERSTUDY_C2PA_PASSWORD"] = "keyring"
    assert mark_settings(named, online=True).password == "of the keyring"
    kept.clear()
    with pytest.raises(OutputError, match="keyring set understudy c2pa"):
        mark_settings(named, online=True)


def test_doctor_says_how_outputs_are_marked(monkeypatch, capsys):
    doctor("off", monkeypatch, capsys, "outputs are marked with XMP\n", 0)
    if settings.has_manifest_library():
        doctor("on", monkeypatch, capsys, "C2PA manifests signed with this machine's own certificate\n", 0)
        monkeypatch.setenv("UNDERSTUDY_C2PA_CERTIFICATE", "/none.pem")
        doctor("on", monkeypatch, capsys, "can't read the signing certificate /none.pem", 1)


def doctor(switch, monkeypatch, capsys, text, code):
    monkeypatch.setenv("UNDERSTUDY_C2PA", switch)
    assert main(["doctor"]) == code
    assert text in capsys.readouterr().out
