"""Draws a neighbourhood as SVG; bali/graph/layout.py says where things stand.

Colours are semantic groups, deeper for the neighbours of the centre than beyond. A dashed box
stands elsewhere in the picture or counts neighbours that were left out. What a label cannot hold,
the pointer shows: full names, types, a definition. Nothing but text and shapes: no script, no
font and no picture from elsewhere.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

from bali.graph.layout import BEND, FONT, ROW, SMALL, Box, Bundle, Side, lay_out
from bali.graph.lookup import Concept
from bali.graph.markup import escape, shorten, width
from bali.graph.neighbourhood import Branch
from bali.semantic_groups import SemanticGroups

# a hue a semantic group, dark enough for white text on it
COLOURS = {
    "ACTI": "#8c6d31", "ANAT": "#b85b14", "CHEM": "#7b4ea3", "CONC": "#5f6b7a", "DEVI": "#4a7a8c",
    "DISO": "#b5392b", "GENE": "#2a7f3f", "GEOG": "#857000", "LIVB": "#4d7f1a", "OBJC": "#806a5c",
    "OCCU": "#a0527a", "ORGA": "#6b5b95", "PHEN": "#a06a15", "PHYS": "#1f7a8c", "PROC": "#2b5fa8",
}  # fmt: skip
NO_GROUP = ("#777777", "no semantic group")
LINE, PHRASE_INK, INK, MUTED = "#b6c0ca", "#44505c", "#1c2530", "#66717c"

MIDDLE = 'text-anchor="middle"'
MIDDLE_BOLD = f'{MIDDLE} font-weight="600"'
MIDDLE_ITALIC = f'{MIDDLE} font-style="italic"'
WHITE = f'fill="#fff" stroke="{LINE}"'

LARGE, HEADING = 15, 17  # px, of the centre's name and the picture's title
MARGIN, HEAD, FOOT = 28, 62, 60  # px
TITLE = 80  # most characters


def draw(tree: Branch, concepts: Mapping[int, Concept], groups: SemanticGroups) -> str:
    """The picture of a neighbourhood.

    Args:
        tree: what to draw.
        concepts: by node id, all of the tree.
        groups: semantic groups, for the colours.

    Returns:
        An SVG document; the same text for the same arguments.
    """
    centre = concepts[tree.node]
    name = shorten(centre.name, TITLE)
    half = max(width(name, LARGE, bold=True) / 2 + 16, 60)
    sides = lay_out(tree, {node: concept.name for node, concept in concepts.items()}, half)
    tall = max(3 * ROW, *(side.height for side in sides))
    for side in sides:
        for box in side.boxes():
            box.y += HEAD + (tall - side.height) / 2

    present = Counter(colour_of(concepts[node], groups) for node in tree.nodes())
    legend = [
        (f"{group}: {count}", colour)
        for (colour, group), count in sorted(present.items(), key=lambda e: (-e[1], e[0]))
    ]
    depth = tree.depth()
    hops = {0: "no neighbours", 1: "1 hop"}.get(depth, f"{depth} hops")
    heading = f"{name} · {centre.cui} · {hops}"
    wide = sides[0].reach + sides[1].reach
    # for a small picture
    least = max(width(heading, HEADING, bold=True), sum(_entry(text) for text, _ in legend))
    size = (max(wide, least) + 2 * MARGIN, tall + HEAD + FOOT)
    middle = (MARGIN + sides[1].reach + max(0.0, least - wide) / 2, HEAD + tall / 2)

    # phrases lie on the lines, whichever bundle these belong to
    drawn = [
        mark
        for side, sign in _both(sides)
        for mark in _lines(side.bundles, (half, middle[1]), middle[0], sign)
    ]
    lines = sorted(drawn, key=lambda mark: not mark.startswith("<path"))
    boxes = (
        _box(box, middle[0], sign, concepts, groups)
        for side, sign in _both(sides)
        for box in side.boxes()
    )
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {size[0]:.0f} {size[1]:.0f}" '
            f'width="{size[0]:.0f}" height="{size[1]:.0f}" '
            # fits the window, but never so small that it cannot be read
            f'style="max-width:100%;min-width:{0.65 * size[0]:.0f}px;height:auto" '
            'font-family="Helvetica, Arial, Liberation Sans, sans-serif">',
            '<rect width="100%" height="100%" fill="#ffffff"/>',
            _text(heading, MARGIN, 36, HEADING, INK, 'font-weight="600"'),
            *lines,
            *boxes,
            _centre(centre, name, middle, half, colour_of(centre, groups)[0]),
            *_legend(legend, size[1]),
            "</svg>\n",
        ]
    )


def about(concept: Concept) -> str:
    """What the pointer shows: name and CUI, types, other names, a definition."""
    others = dict.fromkeys(name for name, *_ in concept.names if name != concept.name)
    lines = [f"{concept.name} ({concept.cui})", ", ".join(sty for _, sty in concept.types)]
    lines.append("also: " + shorten("; ".join(others), 160) if others else "")
    lines += [shorten(text, 400) for _, text in concept.definitions[:1]]
    return "\n".join(line for line in lines if line)


def colour_of(concept: Concept, groups: SemanticGroups) -> tuple[str, str]:
    """Colour and name of the semantic group of a concept's first type."""
    for tui, _ in concept.types:
        if tui in groups.group_of:
            group = groups.group_of[tui]
            return COLOURS.get(group, NO_GROUP[0]), groups.group_names[group]
    return NO_GROUP


def _both(sides: tuple[Side, Side]) -> Iterator[tuple[Side, int]]:
    """The right side and the left one with the sign of their x."""
    return zip(sides, (1, -1), strict=True)


def _lines(
    bundles: list[Bundle], start: tuple[float, float], middle: float, sign: int
) -> Iterator[str]:
    """From the outer edge of a box, `start`, by the phrases to the boxes that hang on it."""
    for bundle in bundles:
        inner = bundle.boxes[0].x - BEND  # the phrase ends here, seen from the centre
        outer = inner - bundle.width
        yield _curve((middle + sign * start[0], start[1]), (middle + sign * outer, bundle.y))
        for box in bundle.boxes:
            yield _curve((middle + sign * inner, bundle.y), (middle + sign * box.x, box.y))
        x = middle + sign * (inner + outer) / 2
        yield (
            f"<g>{_title(bundle.phrase)}"
            f"{_rect(x, bundle.y, bundle.width, 17, 8.5, WHITE)}"
            f"{_text(bundle.label, x, bundle.y + 3.6, SMALL, PHRASE_INK, MIDDLE_ITALIC)}</g>"
        )
        for box in bundle.boxes:
            yield from _lines(box.bundles, (box.x + box.width, box.y), middle, sign)


def _box(
    box: Box, middle: float, sign: int, concepts: Mapping[int, Concept], groups: SemanticGroups
) -> str:
    x = middle + sign * (box.x + box.width / 2)
    colour, tip, ink, style = MUTED, "", MUTED, MIDDLE
    if box.node is not None:
        colour = colour_of(concepts[box.node], groups)[0]
        tip = about(concepts[box.node])
    if box.dashed:
        paint = f'fill="#fff" stroke="{colour}" stroke-opacity="0.7" stroke-dasharray="3 3"'
    else:
        depth = 0.22 if box.bold else 0.08
        paint = f'fill="{colour}" fill-opacity="{depth}" stroke="{colour}"'
        ink, style = INK, MIDDLE_BOLD if box.bold else MIDDLE
    return (
        f"<g>{_title(tip)}{_rect(x, box.y, box.width, 19, 5, paint)}"
        f"{_text(box.text, x, box.y + 4.2, FONT, ink, style)}</g>"
    )


def _centre(
    concept: Concept, name: str, middle: tuple[float, float], half: float, colour: str
) -> str:
    x, y = middle
    paint = f'fill="{colour}"'
    return (
        f"<g>{_title(about(concept))}{_rect(x, y, 2 * half, 38, 19, paint)}"
        f"{_text(name, x, y + 5.2, LARGE, '#fff', MIDDLE_BOLD)}</g>"
    )


def _legend(legend: list[tuple[str, str]], bottom: float) -> Iterator[str]:
    """Semantic groups with the numbers of their concepts, the most frequent first."""
    x = float(MARGIN)
    for text, colour in legend:
        yield _rect(x + 6, bottom - 28, 12, 12, 3, f'fill="{colour}" fill-opacity="0.8"')
        yield _text(text, x + 18, bottom - 24, FONT, PHRASE_INK)
        x += _entry(text)


def _entry(text: str) -> float:
    """How wide an entry of the legend is, px: its square, its text, space to the next one."""
    return 18 + width(text, FONT) + 24


def _text(text: str, x: float, y: float, size: float, fill: str, style: str = "") -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" fill="{fill}" {style}>'
        f"{escape(text)}</text>"
    )


def _rect(x: float, y: float, wide: float, tall: float, radius: float, paint: str) -> str:
    """A rectangle around its middle."""
    return (
        f'<rect x="{x - wide / 2:.1f}" y="{y - tall / 2:.1f}" width="{wide:.1f}" '
        f'height="{tall}" rx="{radius}" {paint.strip()}/>'
    )


def _curve(start: tuple[float, float], end: tuple[float, float]) -> str:
    (x, y), (u, v) = start, end
    bend = max(-BEND, min(BEND, (u - x) / 2))
    return (
        f'<path d="M{x:.1f} {y:.1f}C{x + bend:.1f} {y:.1f} {u - bend:.1f} {v:.1f} {u:.1f} {v:.1f}" '
        f'fill="none" stroke="{LINE}" stroke-width="1.2"/>'
    )


def _title(text: str) -> str:
    return f"<title>{escape(text)}</title>" if text else ""
