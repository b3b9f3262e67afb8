# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The plot of the rebuilds: time and bytes over the size of the database, a line for each divergence and the clone."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from xml.etree import ElementTree

from ansible_collections.pgha.cluster.tests.bench.figures import CLONE, Rebuild, line, named, sizes, ways

WIDTH, HEIGHT = 1040, 420
TOP, BOTTOM = 70, 360
PANELS = (("seconds", "Time [seconds]", 80), ("received", "Received over the replication network [MB]", 600))
PANEL_WIDTH = 390
INK = "#333333"
GRID = "#dddddd"
CLONE_COLOUR = "#c0392b"
REWIND_COLOURS = ("#85c1e9", "#2e86c1", "#1b4f72", "#148f77", "#7d3c98")
STEPS = 4


@dataclass(frozen=True)
class Panel:
    """Where a value is drawn.

    :ivar left: the panel's left edge.
    :ivar least: the smallest size.
    :ivar most: the largest size.
    :ivar top: the value at the upper edge; the lower one is 0.
    """

    left: float
    least: float
    most: float
    top: float

    def x(self, size: float) -> float:
        """Return the place of a size, on a logarithmic scale."""
        span = math.log(self.most / self.least)
        share = math.log(size / self.least) / span if span else 0.5
        return round(self.left + share * PANEL_WIDTH, 1)

    def y(self, value: float) -> float:
        """Return the place of a value."""
        return round(BOTTOM - value / self.top * (BOTTOM - TOP), 1)


def rounded_up(value: float) -> float:
    """Return the next round number, so that the scale has round steps."""
    if value <= 0:
        return 1.0
    unit = 10.0 ** math.floor(math.log10(value))
    return next(factor * unit for factor in (1, 2, 3, 4, 5, 6, 8, 10) if factor * unit >= value)


def colour(diverged: float, among: Sequence[float]) -> str:
    """Return the colour of a line."""
    return CLONE_COLOUR if diverged == CLONE else REWIND_COLOURS[list(among).index(diverged) % len(REWIND_COLOURS)]


def _add(parent: ElementTree.Element, tag: str, text: str = "", **attributes: object) -> None:
    named_as = {key.replace("_", "-"): str(value) for key, value in attributes.items()}
    ElementTree.SubElement(parent, tag, named_as).text = text or None


def _scales(parent: ElementTree.Element, panel: Panel, title: str, ticks: Sequence[float]) -> None:
    right = panel.left + PANEL_WIDTH
    _add(parent, "text", title, x=panel.left, y=TOP - 14, font_weight="bold")
    for step in range(STEPS + 1):
        value = panel.top * step / STEPS
        _add(parent, "line", x1=panel.left, x2=right, y1=panel.y(value), y2=panel.y(value), stroke=GRID)
        _add(parent, "text", f"{value:g}", x=panel.left - 8, y=panel.y(value) + 4, text_anchor="end")
    for size in ticks:
        _add(parent, "line", x1=panel.x(size), x2=panel.x(size), y1=BOTTOM, y2=BOTTOM + 5, stroke=INK)
        _add(parent, "text", f"{size:g} GB", x=panel.x(size), y=BOTTOM + 20, text_anchor="middle")
    middle = panel.left + PANEL_WIDTH / 2
    _add(parent, "text", "Size of the database (logarithmic scale)", x=middle, y=BOTTOM + 42, text_anchor="middle")


def _lines(parent: ElementTree.Element, panel: Panel, measured: Sequence[Rebuild], quantity: str) -> None:
    for diverged in ways(measured):
        ink = colour(diverged, ways(measured))
        places = [(panel.x(size), panel.y(value)) for size, value in line(measured, diverged, quantity)]
        points = " ".join(f"{x},{y}" for x, y in places)
        _add(parent, "polyline", points=points, fill="none", stroke=ink, stroke_width=2.5)
        for x, y in places:
            _add(parent, "circle", cx=x, cy=y, r=4, fill=ink)


def _legend(parent: ElementTree.Element, found: Sequence[float]) -> None:
    place = float(PANELS[0][2])
    for diverged in found:
        _add(parent, "line", x1=place, x2=place + 24, y1=22, y2=22, stroke=colour(diverged, found), stroke_width=2.5)
        _add(parent, "text", named(diverged), x=place + 30, y=26)
        place += 240


def drawn(measured: Sequence[Rebuild], title: str) -> str:
    """Return the plot as SVG; of each size and way the median is drawn.

    :param title: what a reader without eyes for the picture is told.
    """
    root = ElementTree.Element(
        "svg",
        {
            "xmlns": "http://www.w3.org/2000/svg",
            "viewBox": f"0 0 {WIDTH} {HEIGHT}",
            "font-family": "sans-serif",
            "font-size": "13",
            "fill": INK,
        },
    )
    _add(root, "title", title)
    _add(root, "rect", width=WIDTH, height=HEIGHT, fill="white")
    found = sizes(measured)
    _legend(root, ways(measured))
    for quantity, label, left in PANELS:
        highest = max(value for way in ways(measured) for _size, value in line(measured, way, quantity))
        panel = Panel(left, found[0], found[-1], rounded_up(highest))
        _scales(root, panel, label, found)
        _lines(root, panel, measured, quantity)
    ElementTree.indent(root)
    return ElementTree.tostring(root, encoding="unicode", xml_declaration=False) + "\n"
