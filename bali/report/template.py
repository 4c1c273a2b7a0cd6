"""The page's template. A Python module and not an .html file, so that code_digest sees an edit."""

from __future__ import annotations

PAGE = """\
{%- macro figure(name, alt, caption) %}
<figure>
  <img src="{{ figures[name] }}" alt="{{ alt }}">
  <figcaption>{{ caption }}</figcaption>
</figure>
{%- endmacro %}
{%- macro accuracies(split) %}
<thead>
  <tr><th scope="col">model</th><th scope="col" class="n">acc@1, %</th>
    <th scope="col" class="n">95 % interval</th><th scope="col" class="n">acc@5, %</th>
    <th scope="col" class="n">95 % interval</th><th scope="col" class="n">seeds</th></tr>
</thead>
<tbody>
{%- for result in results %}
  <tr><th scope="row">{{ result.label }}</th>
  {%- for k in (1, 5) %}
  {%- set e = result.accuracy[split, k] %}
    <td class="n strong">{{ e.value|percent }}</td>
    <td class="n">{{ e.low|percent }} to {{ e.high|percent }}</td>
  {%- endfor %}
    <td class="n">{{ result.seeds if result.run in runs else "" }}</td></tr>
{%- endfor %}
</tbody>
{%- endmacro -%}
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>BALI: report</title>
<style>
{{ css|safe }}</style>
</head>
<body>
<header>
<h1>BALI: what alignment with a knowledge graph is worth</h1>
<p class="lead">{{ summary }}</p>
</header>

<main>
{%- if results %}
<section>
<h2>Result: linking held-out names, test</h2>
<p>Each of {{ results[0].queries("test")|number }} concepts gave one of its names away before the
graph, the knowledge base and the training names were built. Each such name is compared with all
names that remain; acc@k counts how often the right concept is among the first k concepts, ties
with their expected credit. Intervals: 95 % bootstrap over concepts ({{ resamples|number }}
resamples); they do not cover the choice of the training seed.</p>
<div class="scroll"><table>
<caption>Accuracy on the test names. Exact string match is at chance by construction: a held-out
name equals no other name.</caption>
{{- accuracies("test") }}
</table></div>
{{- figure("accuracy", "Forest plot of the test accuracies in the table above.",
  "Accuracy on test with 95 % intervals; the dashed line is the base LM. Exact string match, at "
  "chance, is left out.") }}
</section>

<section>
<h2>What adds what</h2>
{%- if differences %}
<p>Differences on the same test names, over the same resamples for both sides, in points of
per cent. Read whichever way they fall:</p>
<ul class="findings">
{%- for d in differences if d.k == 1 %}
  <li><strong>{{ d.question }}</strong>: {{ d.left }} minus {{ d.right }} is
    {{ d.estimate.value|points }} points of acc@1 ({{ d.estimate.low|points }} to
    {{ d.estimate.high|points }}); {{ d.verdict }}.</li>
{%- endfor %}
</ul>
<div class="scroll"><table>
<caption>Paired differences on test.</caption>
<thead><tr><th scope="col">question</th><th scope="col">difference</th><th scope="col">metric</th>
  <th scope="col" class="n">points</th><th scope="col" class="n">95 % interval</th>
  <th scope="col">reading</th></tr></thead>
<tbody>
{%- for d in differences %}
  <tr><th scope="row">{{ d.question }}</th><td>{{ d.left }} minus {{ d.right }}</td>
    <td>acc@{{ d.k }}</td><td class="n strong">{{ d.estimate.value|points }}</td>
    <td class="n">{{ d.estimate.low|points }} to {{ d.estimate.high|points }}</td>
    <td>{{ d.verdict }}</td></tr>
{%- endfor %}
</tbody>
</table></div>
{%- else %}
<p>No two of the models that were measured answer a question of their own.</p>
{%- endif %}
<h3>Dev names <span class="tuning">(used for tuning)</span></h3>
<div class="scroll"><table class="small">
<caption>Accuracy on {{ results[0].queries("dev")|number }} dev names. Settings were chosen on
these: they are no evidence.</caption>
{{- accuracies("dev") }}
</table></div>
</section>
{%- endif %}

<section>
<h2>All tasks: what each model gains over the base LM</h2>
<p>Intervals and tests are over whole documents, or concepts; p is that of a paired permutation test
after Holm's correction over all models and main sets. Figures in points, with the standard
deviation over training seeds where there are several.</p>
{{- figure("gains", "Forest plot of the tested gains; numbers below.",
  "Gains over the base LM with 95 % intervals; filled where p after correction is below .05.") }}
<details><summary>All sets and figures</summary>
<div class="scroll"><table class="small">
<caption>Every model on every set of every task.</caption>
<thead><tr><th scope="col">task</th><th scope="col">set</th><th scope="col">figure</th>
  <th scope="col">model</th><th scope="col" class="n">questions</th>
  <th scope="col" class="n">value</th>
  <th scope="col" class="n">± seeds</th><th scope="col" class="n">gain</th>
  <th scope="col" class="n">95 % interval</th><th scope="col" class="n">p, Holm</th></tr></thead>
<tbody>
{%- for row in gains %}
  <tr><td>{{ row.task }}</td><td>{{ row.set }}</td><td>{{ row.figure }}</td>
    <th scope="row">{{ row.run }}</th><td class="n">{{ row.questions|int|number }}</td>
    <td class="n strong">{{ row.value|share }}</td><td class="n">{{ row.deviation|share }}</td>
    <td class="n">{{ row.gain|change }}</td>
    <td class="n">
      {%- if row.gain %}{{ row.gain_low|change }} to {{ row.gain_high|change }}{% endif %}</td>
    <td class="n">{{ row.p_holm|p_value }}</td></tr>
{%- endfor %}
</tbody>
</table></div>
</details>
{%- if controls %}
<h3>Against the controls</h3>
<p>What a run gains over its control of evaluate.controls. Holm's correction is over all pairs and
main sets, apart from that above.</p>
<div class="scroll"><table>
<caption>The tested figures; controls.csv has all of them. Values and gains in points.</caption>
<thead><tr><th scope="col">task</th><th scope="col">set</th><th scope="col">figure</th>
  <th scope="col">run</th><th scope="col">control</th><th scope="col" class="n">questions</th>
  <th scope="col" class="n">run</th><th scope="col" class="n">control</th>
  <th scope="col" class="n">gain</th><th scope="col" class="n">95 % interval</th>
  <th scope="col" class="n">p, Holm</th></tr></thead>
<tbody>
{%- for row in controls %}
  <tr><td>{{ row.task }}</td><td>{{ row.set }}</td><td>{{ row.figure }}</td>
    <th scope="row">{{ row.run }}</th><td>{{ row.control }}</td>
    <td class="n">{{ row.questions|int|number }}</td><td class="n">{{ row.value|share }}</td>
    <td class="n">{{ row.control_value|share }}</td>
    <td class="n strong">{{ row.gain|change }}</td>
    <td class="n">{{ row.gain_low|change }} to {{ row.gain_high|change }}</td>
    <td class="n">{{ row.p_holm|p_value }}</td></tr>
{%- endfor %}
</tbody>
</table></div>
{%- endif %}
{{- figure("groups", "Accuracy by semantic group and model.",
  "acc@1 of linking by the semantic group of the gold concept.") }}
{{- figure("map", "Concept vectors in two dimensions, a panel a model.",
  "Concept vectors by t-SNE, the base LM first; the same concepts in each panel.") }}
</section>

<section>
<h2>Training</h2>
{{- figure("losses", "Curves of the contrastive and of the masked-language-model loss by step.",
  "Losses of training (lines, averaged over a fortieth of the steps) and of validation (points). "
  "A run that leaves a loss out is missing in its panel.") }}
</section>

<section>
<h2>What each filter dropped</h2>
<p>Every table adds up: read = kept + dropped. Shards are summed.</p>
{{- figure("dropped", "Waterfalls of rows read, dropped by reason and kept; numbers below.",
  "Rows read, dropped by each filter in its order, and kept, for the tables that lost any.") }}
<details><summary>All numbers</summary>
<div class="scroll"><table class="small">
<caption>Rows read, dropped by reason and kept, by step and table.</caption>
<thead><tr><th scope="col">step</th><th scope="col">table</th><th scope="col" class="n">read</th>
  <th scope="col">dropped</th><th scope="col" class="n">rows</th>
  <th scope="col" class="n">kept</th></tr></thead>
<tbody>
{%- for w in waterfalls %}
  {%- for reason, rows in (w.dropped or {"": ""}).items() %}
  <tr>{% if loop.first %}<th scope="row">{{ w.step }}</th><td>{{ w.table }}</td>
    <td class="n">{{ w.read|number }}</td>{% else %}<td></td><td></td><td></td>{% endif %}
    <td>{{ reason }}</td><td class="n">{{ rows|number if reason else "" }}</td>
    <td class="n">{{ w.kept|number if loop.last else "" }}</td></tr>
  {%- endfor %}
{%- endfor %}
</tbody>
</table></div>
</details>
</section>

<section>
<h2>Knowledge graph</h2>
<div class="columns">
<table>
<caption>Size and degree.</caption>
<tbody>
{%- for label, value in graph_rows %}
  <tr><th scope="row">{{ label }}</th><td class="n">{{ value }}</td></tr>
{%- endfor %}
</tbody>
</table>
<table>
<caption>Most frequent relation types, in rows of the table relations.</caption>
<thead><tr><th scope="col">REL</th><th scope="col">RELA</th><th scope="col">in words</th>
  <th scope="col" class="n">rows</th></tr></thead>
<tbody>
{%- for rel, rela, phrase, rows in graph.top_relations %}
  <tr><td>{{ rel }}</td><td>{{ rela }}</td><td>{{ phrase }}</td>
    <td class="n">{{ rows|number }}</td></tr>
{%- endfor %}
</tbody>
</table>
</div>
</section>

<section>
<h2>Mentions</h2>
<div class="columns">
<table>
<caption>Mentions in the text, the chosen candidate of each.</caption>
<tbody>
{%- for label, value in mention_rows %}
  <tr><th scope="row">{{ label }}</th><td class="n">{{ value }}</td></tr>
{%- endfor %}
</tbody>
</table>
<table>
<caption>Most frequent concepts.</caption>
<thead><tr><th scope="col">CUI</th><th scope="col">name</th>
  <th scope="col" class="n">mentions</th></tr></thead>
<tbody>
{%- for cui, number in mentions.top_concepts %}
  <tr><td>{{ cui }}</td><td>{{ names.get(cui, "") }}</td>
    <td class="n">{{ number|number }}</td></tr>
{%- endfor %}
</tbody>
</table>
</div>

<h3>Linked sentences to look at</h3>
{%- if examples %}
<p>{{ examples|length }} of the sentences with a mention, drawn by seed and not by quality.
<mark>exact</mark> a name of the concept; <mark class="abbreviation">abbreviation</mark> of one
that the document spells out; <mark class="candidate">candidate</mark> nearest name, with the
cosine.</p>
{%- for example in examples %}
<article class="example">
  <p>
  {%- for s in example.segments -%}
    {%- if s.cui -%}
      {%- set name = names.get(s.cui, "") -%}
      <mark class="{{ s.method }}" title="{{ s.cui }} {{ name }}">{{ s.text }} <small>{{ s.cui }}
      {{- " " ~ name }}{% if s.method == "candidate" %}, {{ "%.2f"|format(s.score) }}{% endif -%}
      </small></mark>
    {%- else -%}{{ s.text }}{%- endif -%}
  {%- endfor -%}
  </p>
  <footer>PMID {{ example.key.pmid }}, version {{ example.key.version }},
    sentence {{ example.key.sentence }}: {{ example.title }}</footer>
</article>
{%- endfor %}
{%- else %}
<p>No sentence holds a mention.</p>
{%- endif %}
</section>

<details>
<summary>Settings, versions and what the steps state</summary>
<table class="small">
<caption>Versions in the environment that made this page.</caption>
<tbody>
{%- for package, version in versions.items() %}
  <tr><th scope="row">{{ package }}</th><td>{{ version }}</td></tr>
{%- endfor %}
</tbody>
</table>
<table class="small">
<caption>Facts in the counts of steps that are not divided into shards.</caption>
<tbody>
{%- for step, values in facts.items() %}
  {%- for key, value in values.items() %}
  <tr><th scope="row">{{ step }}</th><td>{{ key }}</td><td>{{ value|fact }}</td></tr>
  {%- endfor %}
{%- endfor %}
</tbody>
</table>
<pre>{{ settings }}</pre>
</details>
</main>
</body>
</html>
"""
