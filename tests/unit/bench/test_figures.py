# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The numbers of the rebuild bench: medians, table and plot, over measurements that nobody had to take."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest
from ansible_collections.pgha.cluster.tests.bench import figures, plot
from ansible_collections.pgha.cluster.tests.bench.figures import CLONE, Rebuild

SVG = "{http://www.w3.org/2000/svg}"
MEASURED = [
    Rebuild(size, diverged, seconds + run, received, 512)
    for run in (0, 1, 5)
    for size, diverged, seconds, received in (
        (4, 16, 3, 540),
        (0.1, 16, 2, 530),
        (0.1, 256, 6, 620),
        (4, 256, 7, 810),
        (0.1, CLONE, 1, 110),
        (4, CLONE, 40, 4200),
    )
]


def test_a_median_comes_with_its_range() -> None:
    assert figures.shown([3, 1, 8]) == "3.0 (1.0 to 8.0)"
    assert figures.shown([]) == "-"


def test_a_list_of_numbers_is_read_in_order() -> None:
    assert figures.listed("4,0.1, 1,4") == [0.1, 1, 4]


@pytest.mark.parametrize("text", ["", "1,,2", "one", "0,1", "-1"])
def test_what_is_no_list_of_sizes_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        figures.listed(text)


def test_a_line_has_the_median_of_each_size_from_the_smallest_on() -> None:
    assert figures.line(MEASURED, 256, "seconds") == [(0.1, 7), (4, 8)]
    assert figures.line(MEASURED, CLONE, "received") == [(0.1, 110), (4, 4200)]


def test_a_size_that_was_not_measured_is_left_out_of_a_line() -> None:
    assert figures.line([*MEASURED, Rebuild(1, 16, 9, 9, 9)], 16, "seconds") == [(0.1, 3), (1, 9), (4, 4)]
    assert figures.line([*MEASURED, Rebuild(1, 16, 9, 9, 9)], CLONE, "seconds") == [(0.1, 2), (4, 41)]


def test_the_table_has_a_line_for_each_size_and_way_with_the_clone_last() -> None:
    heading, *lines = figures.table(MEASURED).splitlines()
    assert [line[:10].strip() for line in lines] == ["0.1 GB"] * 3 + ["4 GB"] * 3
    assert [line[11:35].strip() for line in lines[:3]] == [
        "rewind of 16 MB of WAL",
        "rewind of 256 MB of WAL",
        "full clone",
    ]
    assert "41.0 (40.0 to 45.0)" in lines[-1]
    assert "4200.0 (4200.0 to 4200.0)" in lines[-1]
    assert "512.0 (512.0 to 512.0)" in lines[-1]
    assert {len(line) for line in lines} == {len(heading)}


def test_the_plot_has_a_line_for_each_way_in_both_panels() -> None:
    root = ElementTree.fromstring(plot.drawn(MEASURED, "a < b & c"))
    assert root.findtext(f"{SVG}title") == "a < b & c"
    lines = [one.attrib["points"].split() for one in root.iter(f"{SVG}polyline")]
    assert len(lines) == 2 * 3
    assert {len(points) for points in lines} == {2}
    words = {one.text for one in root.iter(f"{SVG}text")}
    assert words >= {"full clone", "rewind of 16 MB of WAL", "0.1 GB", "4 GB", "Time [seconds]"}
    assert len({one.attrib["stroke"] for one in root.iter(f"{SVG}polyline")}) == 3


def test_everything_drawn_lies_inside_of_the_picture() -> None:
    root = ElementTree.fromstring(plot.drawn(MEASURED, ""))
    places = [(float(one.attrib["cx"]), float(one.attrib["cy"])) for one in root.iter(f"{SVG}circle")]
    assert len(places) == 12
    assert all(0 <= x <= plot.WIDTH and plot.TOP <= y <= plot.BOTTOM for x, y in places)


def test_more_is_higher_and_ten_times_the_size_is_always_as_far() -> None:
    panel = plot.Panel(left=100, least=0.1, most=10, top=40)
    assert panel.y(0) == plot.BOTTOM
    assert panel.y(40) == plot.TOP
    assert panel.y(10) > panel.y(20)
    assert panel.x(1) - panel.x(0.1) == panel.x(10) - panel.x(1) == plot.PANEL_WIDTH / 2


def test_a_single_size_is_drawn_in_the_middle() -> None:
    root = ElementTree.fromstring(plot.drawn([Rebuild(1, CLONE, 0, 0, 0)], ""))
    circles = [float(one.attrib["cx"]) for one in root.iter(f"{SVG}circle")]
    assert circles == [left + plot.PANEL_WIDTH / 2 for _quantity, _label, left in plot.PANELS]


@pytest.mark.parametrize(("value", "top"), [(0, 1), (0.7, 0.8), (1, 1), (3, 3), (41, 50), (4200, 5000), (9, 10)])
def test_a_scale_ends_at_a_round_number(value: float, top: float) -> None:
    assert plot.rounded_up(value) == pytest.approx(top)


def test_resyncs_have_a_line_for_each_amount_with_the_least_first() -> None:
    measured = [
        figures.Resync(written, written + 0.5, written + 1, seconds, 60)
        for written, seconds in ((128, 13), (1, 0.4), (128, 15), (1, 0.6))
    ]
    heading, *lines = figures.resyncs(measured).splitlines()
    assert [line[:8].strip() for line in lines] == ["1 MB", "128 MB"]
    assert "128.5 (128.5 to 128.5)" in lines[1] and "129.0 (129.0 to 129.0)" in lines[1]
    assert "14.0 (13.0 to 15.0)" in lines[1]
    assert {len(line) for line in lines} == {len(heading)}


def test_commits_are_shown_as_parts_of_those_on_the_disk_alone() -> None:
    heading, *lines = figures.rates({"both": [150, 100, 140], "alone": [400, 200, 190]}, "alone").splitlines()
    assert [line.split()[0] for line in lines] == ["both", "alone"]
    assert lines[0].endswith(" 140.0 (100.0 to 150.0)               70 %")
    assert lines[1].endswith(" 100 %")
    assert {len(line) for line in lines} == {len(heading)}
