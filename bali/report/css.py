"""The page's style sheet. A Python module and not a .css file, as template.py is."""

from __future__ import annotations

CSS = """\
:root { --ink: #1d2330; --soft: #5a6372; --line: #d9dde4; --tint: #f5f7fa; --accent: #0072b2; }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 62rem; padding: 2rem 1.25rem 4rem; background: #fff;
  color: var(--ink); font: 16px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; }
h1 { font-size: 1.9rem; line-height: 1.2; margin: 0 0 .5rem; }
h2 { font-size: 1.3rem; margin: 2.8rem 0 .6rem; padding-top: .8rem;
  border-top: 1px solid var(--line); }
h3 { font-size: 1.05rem; margin: 1.6rem 0 .4rem; }
p.lead { font-size: 1.08rem; color: var(--soft); max-width: 50rem; }
table { border-collapse: collapse; margin: .8rem 0 1.2rem; font-size: .93rem;
  font-variant-numeric: tabular-nums; }
caption { text-align: left; color: var(--soft); font-size: .88rem; padding-bottom: .35rem; }
th, td { padding: .3rem .8rem; text-align: left; vertical-align: top;
  border-bottom: 1px solid var(--line); }
thead th { background: var(--tint); border-bottom: 2px solid var(--line); font-weight: 600; }
tbody th { font-weight: 500; }
.n { text-align: right; white-space: nowrap; }
.strong { font-weight: 700; }
.small table, table.small { font-size: .84rem; }
.scroll { overflow-x: auto; }
.columns { display: flex; flex-wrap: wrap; gap: 0 3rem; }
figure { margin: 1rem 0; }
figure img { width: 100%; height: auto; }
figcaption { color: var(--soft); font-size: .88rem; }
ul.findings { padding-left: 1.2rem; }
ul.findings li { margin: .3rem 0; }
.tuning { color: #8a5a00; font-weight: 600; }
.example { margin: 1rem 0; padding: .7rem 1rem; background: var(--tint);
  border-left: 3px solid var(--accent); break-inside: avoid; }
.example p { margin: 0; line-height: 2.1; }
.example footer { color: var(--soft); font-size: .82rem; }
mark { background: #fff0c2; padding: .1rem .25rem; border-radius: .2rem; }
mark.abbreviation { background: #d9f0e3; }
mark.candidate { background: #dcebfa; }
mark small { font-size: .72rem; color: var(--soft); }
pre { background: var(--tint); padding: 1rem; overflow-x: auto; font-size: .8rem; }
summary { cursor: pointer; font-weight: 600; margin: 2rem 0 .5rem; }
@media print { body { max-width: none; padding: 0; font-size: 11px; }
  h2 { break-after: avoid; } figure, table { break-inside: avoid; } }
"""
