"""The style sheet of the report: legible on a phone, on paper, in light and in dark."""

from __future__ import annotations

# Colours are those of the plots (Okabe and Ito), lighter on a dark ground.
STYLE = """
:root { color-scheme: light dark; --paper: #fff; --ink: #1d1d1f; --soft: #5c5c63; --line: #d9d9de;
  --tint: #f4f4f6; --blue: #0069a8; --red: #c2410c; --fill: 0, 105, 168; }
@media (prefers-color-scheme: dark) { :root { --paper: #16171a; --ink: #ececef; --soft: #a4a4ad;
  --line: #3a3b40; --tint: #222327; --blue: #63b5ea; --red: #ff9a5c; --fill: 99, 181, 234; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 60rem; padding: 1.5rem 1rem 4rem; background: var(--paper);
  color: var(--ink); font: 16px/1.5 system-ui, sans-serif; }
h1 { font-size: 1.6rem; line-height: 1.25; margin: 0 0 .3rem; overflow-wrap: anywhere; }
h2 { font-size: 1.15rem; margin: 2.4rem 0 .6rem; border-bottom: 1px solid var(--line); }
p { margin: .5rem 0; max-width: 46rem; overflow-wrap: anywhere; }
.soft, figcaption, th { color: var(--soft); }
.figures { display: grid; grid-template-columns: repeat(auto-fit, minmax(8.5rem, 1fr)); gap: .7rem;
  margin: 1.2rem 0; }
.figures div { background: var(--tint); border-radius: .5rem; padding: .6rem .8rem; }
.figures b { display: block; font-size: 1.35rem; font-variant-numeric: tabular-nums; }
.figures span { color: var(--soft); font-size: .85rem; }
.scroll { overflow: auto; }
.long { max-height: 26rem; border-bottom: 1px solid var(--line); }
.long tr:first-child th { position: sticky; top: 0; background: var(--paper); }
table { border-collapse: collapse; font-size: .9rem; font-variant-numeric: tabular-nums; }
th, td { padding: .25rem .7rem; text-align: right; white-space: nowrap;
  border-bottom: 1px solid var(--line); }
th { font-weight: 600; }
th:first-child, td:first-child, .text td:nth-child(2), .text th:nth-child(2) { text-align: left; }
td:first-child, .text td:nth-child(2), .confusion th { white-space: normal;
  overflow-wrap: anywhere; max-width: 24rem; }
td:first-child, .text td:nth-child(2) { min-width: min(8rem, 30vw); }
.confusion th { min-width: 4.5rem; }
td.bar { min-width: 6rem; }
td.bar i { display: block; height: .6rem; border-radius: .2rem; background: var(--blue); }
.confusion td, .confusion th { padding: .3rem .5rem; border: 0; }
.confusion td, .confusion th:not(:first-child) { text-align: center; vertical-align: bottom;
  min-width: 2.4rem; max-width: 8rem; white-space: normal; }
pre { background: var(--tint); border-radius: .5rem; padding: .8rem 1rem; overflow-x: auto;
  font: .85rem/1.5 ui-monospace, monospace; }
pre.files { white-space: pre-wrap; overflow-wrap: anywhere; max-height: 26rem; }
.charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(20rem, 100%), 1fr));
  gap: 1rem; }
svg { width: 100%; height: auto; display: block; }
svg text { font: 12px system-ui, sans-serif; fill: var(--soft); }
.mistakes { display: grid; gap: .9rem;
  grid-template-columns: repeat(auto-fill, minmax(7rem, 1fr)); }
figure { margin: 0; }
figure img { width: 100%; border-radius: .3rem; image-rendering: pixelated; display: block;
  background: var(--tint); }
figcaption { font-size: .8rem; line-height: 1.3; margin-top: .25rem; overflow-wrap: anywhere; }
figcaption b { color: var(--red); }
@media print { body { max-width: none; } h2 { break-after: avoid; }
  .long, pre.files { max-height: none; } }
"""
