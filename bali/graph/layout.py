"""Where the labels of a drawn neighbourhood stand: a mind map, the centre in the middle.

Text lies flat, each label has a row of its own in the column of its hop, and a phrase stands once
on the line that leads to all neighbours of its group. Labels therefore never overlap, whatever
the graph. A column is as wide as its widest label; a node stands at the middle of what hangs on
it; the neighbours of the centre are cut into two sides of about equal height.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from bali.graph.markup import shorten, width
from bali.graph.neighbourhood import Branch, Group

FONT, SMALL = 12, 10.5  # px, of labels and of phrases
ROW, GAP = 23, 8  # px: height of a row; more below a box on which others hang
PAD, BEND = 8, 26  # px: inside a box; width of a curve
LABEL, PHRASE = 42, 40  # most characters


@dataclass
class Box:
    """A label and its place.

    Attributes:
        text: the label.
        node: its node; None where it counts others.
        dashed: the node stands elsewhere in the picture, or there is none.
        column: its hop.
        bundles: what hangs on it.
        x: distance of its nearer edge from the middle of the picture, px.
        y: middle of its row, px from the top of its side.
    """

    text: str
    node: int | None
    dashed: bool
    column: int
    bundles: list[Bundle] = field(default_factory=list)
    x: float = 0.0
    y: float = 0.0

    @property
    def bold(self) -> bool:
        """Neighbours of the centre stand out."""
        return self.column == 1 and not self.dashed

    @property
    def width(self) -> float:
        """Of the box, padding included."""
        return width(self.text, FONT, bold=self.bold) + 2 * PAD


@dataclass
class Bundle:
    """Boxes to which one phrase leads."""

    phrase: str
    boxes: list[Box]

    @property
    def label(self) -> str:
        """The phrase as it is drawn."""
        return shorten(self.phrase, PHRASE)

    @property
    def width(self) -> float:
        """Of the phrase, padding included."""
        return width(self.label, SMALL) + 2 * PAD

    @property
    def y(self) -> float:
        """The middle of its boxes."""
        return (self.boxes[0].y + self.boxes[-1].y) / 2


@dataclass
class Side:
    """What stands right or left of the centre.

    Attributes:
        bundles: what hangs on the centre on this side, with places.
        height: px.
        reach: px from the middle of the picture to the farthest edge.
    """

    bundles: list[Bundle]
    height: float
    reach: float

    def boxes(self) -> Iterator[Box]:
        """All boxes of the side."""
        return _every(self.bundles)


def lay_out(tree: Branch, names: Mapping[int, str], half: float) -> tuple[Side, Side]:
    """Place everything around the centre.

    Args:
        tree: the neighbourhood.
        names: node id -> name, of all nodes in the tree.
        half: px that the centre's own label takes on each side of the middle.

    Returns:
        The right side and the left one.
    """
    right, left = _halves([_bundle(group, names, 1) for group in tree.groups])
    return _side(right, half), _side(left, half)


def _bundle(group: Group, names: Mapping[int, str], column: int) -> Bundle:
    """A group's neighbours by name, then those that stand elsewhere, then the count of others."""
    boxes = []
    for branch in sorted(group.shown, key=lambda branch: names[branch.node]):
        box = Box(shorten(names[branch.node], LABEL), branch.node, False, column)
        box.bundles = [_bundle(below, names, column + 1) for below in branch.groups]
        boxes.append(box)
    for node in sorted(group.again, key=lambda node: names[node]):
        boxes.append(Box(shorten(names[node], LABEL), node, True, column))
    if group.more:
        boxes.append(Box(f"+ {group.more:,} more", None, True, column))
    return Bundle(group.phrase, boxes)


def _halves(bundles: list[Bundle]) -> tuple[list[Bundle], list[Bundle]]:
    """Cut what hangs on the centre where the heights of the two parts are nearest."""
    rows = [_rows(box) for bundle in bundles for box in bundle.boxes]
    cuts = range(1, len(rows) + 1)
    cut = min(cuts, key=lambda at: abs(sum(rows[:at]) - sum(rows[at:])), default=0)
    right: list[Bundle] = []
    left: list[Bundle] = []
    for bundle in bundles:
        at = max(cut, 0)
        for side, boxes in ((right, bundle.boxes[:at]), (left, bundle.boxes[at:])):
            if boxes:
                side.append(Bundle(bundle.phrase, boxes))
        cut -= len(bundle.boxes)
    return right, left


def _rows(box: Box) -> int:
    """Rows that a box and what hangs on it take."""
    return max(1, sum(_rows(below) for bundle in box.bundles for below in bundle.boxes))


def _side(bundles: list[Bundle], half: float) -> Side:
    height = _place(bundles, 0.0)
    labels: dict[int, float] = defaultdict(float)  # column -> width
    phrases: dict[int, float] = defaultdict(float)
    _measure(bundles, labels, phrases)
    columns, edge = {}, half
    for column in sorted(labels):
        columns[column] = edge + BEND + phrases[column] + BEND
        edge = columns[column] + labels[column]
    for box in _every(bundles):
        box.x = columns[box.column]
    return Side(bundles, height, edge)


def _place(bundles: list[Bundle], top: float) -> float:
    """Set the rows of all boxes from `top` downwards; returns where the next one may start."""
    for box in (box for bundle in bundles for box in bundle.boxes):
        if box.bundles:
            bottom = _place(box.bundles, top)
            box.y = (top + bottom) / 2
            top = bottom + GAP
        else:
            box.y = top + ROW / 2
            top += ROW
    return top


def _measure(bundles: list[Bundle], labels: dict[int, float], phrases: dict[int, float]) -> None:
    for bundle in bundles:
        for box in bundle.boxes:
            labels[box.column] = max(labels[box.column], box.width)
            phrases[box.column] = max(phrases[box.column], bundle.width)
            _measure(box.bundles, labels, phrases)


def _every(bundles: list[Bundle]) -> Iterator[Box]:
    for bundle in bundles:
        for box in bundle.boxes:
            yield box
            yield from _every(box.bundles)
