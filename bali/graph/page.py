"""A drawn neighbourhood as one HTML file: what is known of the concept, then the picture.

The file needs nothing else: no script, no font, no network; its policy forbids all of them.
"""

from __future__ import annotations

from bali.graph.drawing import colour_of
from bali.graph.lookup import Concept
from bali.graph.markup import escape
from bali.semantic_groups import SemanticGroups

STYLE = """
body { margin: 2rem auto; max-width: 120rem; padding: 0 1.5rem; color: #1c2530; background: #f6f7f9;
       font: 15px/1.5 Helvetica, Arial, "Liberation Sans", sans-serif }
header { border-left: 6px solid var(--group); padding-left: 1rem }
h1 { margin: 0; font-size: 1.6rem } h1 small { color: #66717c; font-weight: 400; font-size: 1rem }
.type { display: inline-block; margin: .3rem .4rem .3rem 0; padding: 0 .6rem; border-radius: 1rem;
        background: #e4e8ec; font-size: .85rem }
blockquote { margin: .6rem 0; max-width: 60rem } cite { color: #66717c; font-size: .85rem }
table { border-collapse: collapse; margin: .8rem 0; font-size: .9rem }
td, th { padding: .15rem 1.2rem .15rem 0; text-align: left } th { color: #66717c; font-weight: 400 }
.preferred { font-weight: 600 }
figure { margin: 1.2rem 0; padding: .5rem; background: #fff; border: 1px solid #d8dee4;
         border-radius: 8px; overflow-x: auto }
figcaption { color: #66717c; font-size: .85rem; padding: 0 1rem .5rem }
svg { display: block; margin: auto } svg g:hover rect { stroke-width: 2.4 }
"""


def page(concept: Concept, svg: str, groups: SemanticGroups) -> str:
    """The HTML file of a concept.

    Args:
        concept: the centre of the picture.
        svg: the picture, as `bali.graph.drawing.draw` made it.
        groups: semantic groups, for the colour.
    """
    types = "".join(
        f'<span class="type">{escape(sty)} · {escape(tui)}</span>' for tui, sty in concept.types
    )
    definitions = "".join(
        f"<blockquote>{escape(text)} <cite>{escape(sab)}</cite></blockquote>"
        for sab, text in concept.definitions
    )
    names = "".join(
        f"<tr{' class=preferred' if preferred else ''}><td>{escape(name)}</td>"
        f"<td>{escape(sab)}</td><td>{escape(tty)}</td></tr>"
        for name, sab, tty, preferred in concept.names
    )
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width">
<title>{escape(concept.name)} ({escape(concept.cui)})</title>
<style>{STYLE}</style>
</head>
<body>
<header style="--group: {colour_of(concept, groups)[0]}">
<h1>{escape(concept.name)} <small>{escape(concept.cui)}</small></h1>
{types}
</header>
{definitions}
<table><tr><th>name</th><th>source</th><th>term type</th></tr>{names}</table>
<figure>
{svg}<figcaption>Read outwards from the middle: name, phrase, name. Colours are semantic groups.
A dashed box stands elsewhere in the picture, or counts what was left out. The pointer shows
types, other names and a definition.</figcaption>
</figure>
</body>
</html>
"""
