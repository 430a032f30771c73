# SPDX-License-Identifier: GPL-3.0-or-later
"""The page of a sheet in a browser: it needs nothing, shows whatever names say, and fits a phone."""

import shutil

import cv2
import numpy as np
import pytest
from understudy.core.cli.main import main

from tests import browser
from tests.core.rendered_clip import face_clip, folder

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(browser.PROGRAM is None, reason="Chromium is missing: apt-get install chromium"),
]

__all__ = ["folder"]

HOSTILE = "<img src=x onerror=alert(1)>'\"&amp;\u202e${x}"


@pytest.fixture(scope="module")
def page(folder):
    """A sheet of a clip and two people whose names are markup, and of one who fails."""
    clip = folder / '"><script>alert(2)<.mp4'
    shutil.copy(folder / "clip.mp4", clip)
    shutil.copy(folder / "red.png", folder / f"{HOSTILE}.png")
    face_clip.write_picture(folder / "nobody.png", face_clip.frame(0)[:, :50])
    takes = [folder / f"{HOSTILE}.png", folder / "blue.png", folder / "nobody.png"]
    arguments = [clip, "--output", folder / "sheet.html", "--quiet"]
    for take in takes:
        arguments += ["--take", take]
    assert main(["sheet", *map(str, arguments)]) == 3
    return folder / "sheet.html"


@pytest.fixture
def tab(tmp_path):
    with browser.open_browser(tmp_path) as opened:
        yield opened


@pytest.mark.parametrize("width", [1280, 390])
def test_the_page_asks_for_nothing_complains_of_nothing_and_fits(page, tab, width):
    tab.open(page, width)
    assert [url for url in tab.requests() if not url.startswith("data:")] == [page.as_uri()]
    assert tab.complaints() == []
    assert not any(event.get("method") == "Page.javascriptDialogOpening" for event in tab.events)
    assert tab.evaluate("document.documentElement.scrollWidth") <= width
    # Nothing of the page stands beside the window, and text can be read.
    assert (
        tab.evaluate(
            "[...document.querySelectorAll('body *')].filter(e => e.getBoundingClientRect().right > innerWidth).length"
        )
        == 0
    )
    assert tab.evaluate("Math.min(...[...document.querySelectorAll('body *')].filter(e => e.innerText)"
                        ".map(e => parseFloat(getComputedStyle(e).fontSize)))") >= 12  # fmt: skip
    assert tab.evaluate("[document.scripts.length, document.images.length]") == [0, 0]
    text = tab.evaluate("document.body.innerText")
    assert "Composite: a face was replaced with Understudy" in text
    assert "<img src=x onerror=alert(1)>'\"&amp;\\u202e${x}" in text.replace("\u200b", "")
    assert text.count("failed: no face was found in nobody.png") == 8


def test_a_cell_shows_the_original_under_the_pointer_and_with_the_focus(page, tab):
    tab.open(page, 1280)
    shown = "getComputedStyle(document.querySelector('#c0-1-2 .before')).opacity"
    assert tab.evaluate(shown) == "0"
    tab.point_at("#c0-1-2 .shot")
    assert tab.evaluate(shown) == "1"
    tab.point_at("h1")
    assert tab.evaluate(shown) == "0"
    tab.evaluate("document.querySelector('#c0-1-2 .shot').focus()")
    assert tab.evaluate(shown) == "1"
    same = "getComputedStyle(document.querySelector('{}')).backgroundImage"
    original, before, after = (
        tab.evaluate(same.format(selector))
        for selector in ("#c0-0-2 .image", "#c0-1-2 .before", "#c0-1-2 .image")
    )
    assert original == before != after


@pytest.mark.parametrize("width", [1280, 390])
def test_a_cell_that_is_opened_is_large_beside_the_original_and_leads_on(page, tab, width):
    tab.open(page, width)
    tab.evaluate("document.querySelector('#c0-1-2 .shot').click()")
    sizes = tab.evaluate(
        "[...document.querySelectorAll('#c0-1-2 .image')].map(e => e.getBoundingClientRect()).map(b => [b.x, b.width])"
    )
    assert all(size >= (width - 60) // (2 if width > 760 else 1) - 10 for _, size in sizes), sizes
    assert tab.evaluate("document.documentElement.scrollWidth") <= width
    ways = tab.evaluate("[...document.querySelectorAll('#c0-1-2 .ways a')].map(e => e.getAttribute('href'))")
    assert ways == ["#c0-1-1", "#c0-1-3", "#c0-0-2", "#c0-2-2"]
    pixels = cv2.imdecode(np.frombuffer(tab.screenshot(), np.uint8), cv2.IMREAD_COLOR)
    assert pixels.std() > 20
    tab.evaluate("document.querySelector('#c0-1-2 .close').click()")
    assert tab.evaluate("getComputedStyle(document.querySelector('#c0-1-2 .ways')).display") == "none"
