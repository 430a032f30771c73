# SPDX-License-Identifier: GPL-3.0-or-later
"""The page of `understudy farm report`: texts of other machines stay texts, and bars are where they belong."""

from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import pytest
from understudy.core.cli.main import main
from understudy.core.farm.report import merge
from understudy.core.farm.report_page import report_page

from tests.core.farm_reports import parsed, render_report, task_report, write

HOSTILE = "\"><script>alert(1)</script>\x1b]0;x\x07\u202e<!-- \n & '); DROP"


class Tags(HTMLParser):
    def __init__(self):
        super().__init__()
        self.names, self.attributes = set(), set()

    def handle_starttag(self, tag, attributes):
        self.names.add(tag)
        self.attributes.update(name for name, _ in attributes)


def page_tags(page):
    tags = Tags()
    tags.feed(page)
    return tags


def test_the_page_shows_texts_of_others_as_they_are(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    name = f"{HOSTILE}.json".replace("/", "_")
    render = render_report(range(1, 6), failed=[2], refusal=HOSTILE, host=HOSTILE)
    write(
        tmp_path,
        name,
        {**task_report(1, 5, {**render, "extension": HOSTILE}, host=HOSTILE, code=3), "x": HOSTILE},
    )
    write(
        tmp_path,
        "b.json",
        task_report(6, 9, {**render_report(range(6, 10)), "stages": {HOSTILE: {"run": 1}}}),
    )
    write(tmp_path, f"{HOSTILE[:8]} no report.json", "")
    out = tmp_path / "report.html"
    assert main(["farm", "report", str(tmp_path), "--html", str(out)]) == 3
    assert "\x1b" not in capsys.readouterr().out
    page = out.read_text(encoding="utf-8")
    tags = page_tags(page)
    plain = merge(
        [parsed("a.json", task_report(1, 5, render_report(range(1, 6), failed=[2]), code=3))], ["x: y"]
    )
    assert tags.names <= page_tags(report_page(plain)).names
    assert "script" not in tags.names
    assert not {name for name in tags.attributes if name.startswith("on") or name in ("href", "src")}
    assert not {"\x1b", "\x07", "\u202e"} & set(page)
    assert "&lt;script&gt;" in page


def test_the_plot_has_a_bar_for_each_task_in_its_hosts_row() -> None:
    tasks = [
        parsed("a", task_report(1, 5, render_report(range(1, 6)), host="one", began=1000, ended=1010)),
        parsed("b", task_report(6, 9, render_report(range(6, 10)), host="one", began=1010, ended=1030)),
        # An hour ahead: its time counts from its own first task.
        parsed("c", task_report(10, 12, None, host="two", began=4600, ended=4615, code=143)),
    ]
    page = report_page(merge(tasks))
    begin = page.index("<svg", page.index("Tasks over time</h2>"))
    plot = ElementTree.fromstring(page[begin : page.index("</svg>", begin) + 6])
    bars = [
        (bar.get("class"), float(bar.get("x")), bar.get("y"), float(bar.get("width")))
        for bar in plot.iter("rect")
    ]
    left, scale = bars[0][1], bars[0][3] / 10
    assert [bar[0] for bar in bars] == ["right", "right", "stopped"]
    assert bars[1][1] == pytest.approx(left + 10 * scale, abs=0.1)
    assert bars[2][1] == left
    assert [bar[3] for bar in bars] == pytest.approx([10 * scale, 20 * scale, 15 * scale], abs=0.1)
    assert bars[0][2] == bars[1][2] != bars[2][2]


def test_a_page_that_can_not_be_written_is_an_error(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(tmp_path, "a.json", render_report([1]))
    assert main(["farm", "report", str(tmp_path), "--html", str(tmp_path / "none" / "x.html")]) == 1
    assert "can't write" in capsys.readouterr().err
