"""Drawings read back: the marks of an SVG by their ids, and the scale from the ticks drawn beside its axes."""

import re
from dataclasses import dataclass
from functools import cached_property
from typing import Literal
from xml.etree import ElementTree as ET

import numpy as np

_NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:e-?\d+)?")


@dataclass(frozen=True)
class Drawing:
    """What matplotlib drew. Places are (x, y) in the units of the SVG, y downwards."""

    content: bytes

    @cached_property
    def root(self):
        parser = ET.XMLParser(target=ET.TreeBuilder(insert_comments=True))
        root = ET.fromstring(self.content, parser)  # our own drawing
        for element in root.iter():
            if isinstance(element.tag, str):
                element.tag = element.tag.rpartition("}")[2]
        return root

    @cached_property
    def groups(self):
        """Each group that has an id; no id stands twice."""
        found = [(element.get("id"), element) for element in self.root.iter("g") if element.get("id")]
        assert len(dict(found)) == len(found)
        return dict(found)

    def numbered(self, name):
        """The ids name-1, name-2 ..., which follow one another without a gap."""
        found = [one for one in self.groups if re.fullmatch(rf"{name}-\d+", one)]
        assert sorted(found, key=lambda one: int(one.rpartition("-")[2])) == [
            f"{name}-{number}" for number in range(1, len(found) + 1)
        ]
        return [f"{name}-{number}" for number in range(1, len(found) + 1)]

    def box(self, name):
        """(left, top, right, bottom) of the path of the mark; a dot's are those of its middle."""
        group = self.groups[name]
        uses = [(float(use.get("x")), float(use.get("y"))) for use in group.iter("use") if use.get("x")]
        paths = [_NUMBER.findall(path.get("d")) for path in group.iter("path") if not path.get("id")]
        points = np.array(uses or [[float(n) for n in path] for path in paths]).reshape(-1, 2)
        return (*points.min(axis=0), *points.max(axis=0))

    def points(self, name):
        """(P, 2): the corners of the path of the mark, in their order."""
        (path,) = [path for path in self.groups[name].iter("path") if not path.get("id")]
        return np.array([float(number) for number in _NUMBER.findall(path.get("d"))]).reshape(-1, 2)

    def place(self, name):
        """(x, y) of where the text of the group begins: its left end, on the line that the letters stand on."""
        moved = next(g.get("transform") for g in self.groups[name].iter("g") if g.get("transform"))
        x, y = _NUMBER.findall(moved)[:2]
        return float(x), float(y)

    def style(self, name):
        """What the mark's styles say, `fill: #123456` and the like, of all its parts."""
        styles = [part.get("style") for part in self.groups[name].iter() if isinstance(part.tag, str)]
        return dict(re.findall(r"([\w-]+): ?([^;]+)", ";".join(filter(None, styles))))

    def text(self, name):
        """What is written in the group: a letter drawn as a path has its text in the comment before it."""
        lines = [part.text.strip() for part in self.groups[name].iter(ET.Comment)]
        return "\n".join(lines)

    def ticks(self, axis: Literal["x", "y"]):
        """[(place along the axis, label)] in the order of matplotlib; a tick without length is placed by its text."""
        found = []
        for name in self.numbered_ticks(axis):
            uses = [use for use in self.groups[name].iter("use") if use.get("x")]
            place = float(uses[0].get(axis)) if uses else self.place(name)[0 if axis == "x" else 1]
            found.append((place, self.text(name)))
        return found

    def numbered_ticks(self, axis):
        return [name for name in self.groups if re.fullmatch(rf"{axis}tick_\d+", name)]

    def scale(self, axis: Literal["x", "y"]):
        """The function from a place to the number there, by the first and the last tick; the others must agree."""
        (first, one), *_, (last, other) = self.ticks(axis)
        low, high = (float(label.rstrip("%")) / 100 for label in (one, other))

        def value(place):
            return low + (place - first) / (last - first) * (high - low)

        for place, label in self.ticks(axis):
            assert abs(value(place) - float(label.rstrip("%")) / 100) < 0.001, label
        return value
