#pragma once

namespace rota::cli {

/// The style sheet of the report: ink on paper, one accent, light and dark.
inline constexpr const char* page_style = R"css(
:root { color-scheme: light dark;
  --paper: #fffef9; --ink: #22211e; --faint: #6d6a62; --rule: #ddd9cf; --bar: #b9b4a7;
  --best: #a2502f; --shade: #f6f3ea;
  --much-less: #8fbcd4; --less: #cfe1ea; --more: #f0d9c0; --much-more: #e0aa7a; }
@media (prefers-color-scheme: dark) { :root {
  --paper: #171715; --ink: #e6e2d8; --faint: #a09b90; --rule: #3a3833; --bar: #6a665d;
  --best: #d98a63; --shade: #242320;
  --much-less: #1f5673; --less: #223c49; --more: #4a3724; --much-more: #7a4f24; } }
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; }
body { margin: 0 auto; max-width: 60rem; padding: 2.5rem 1.25rem 4rem; background: var(--paper);
  color: var(--ink); font: 1.0625rem/1.55 "Iowan Old Style", Palatino, "Palatino Linotype",
  "Book Antiqua", Georgia, serif; }
h1 { font-size: 2.1rem; font-weight: 400; letter-spacing: -0.01em; margin: 0; }
h2 { font-size: 1.35rem; font-weight: 400; margin: 0 0 .2rem; }
p { margin: .3rem 0 1rem; max-width: 42rem; }
.lede { font-size: 1.15rem; color: var(--faint); margin-top: .4rem; }
.about { color: var(--faint); }
.partial { border-left: 3px solid var(--best); padding-left: .8rem; }
section { margin-top: 2.6rem; padding-top: 1.2rem; border-top: 1px solid var(--rule); }
.pictures { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(20rem, 100%), 1fr));
  gap: .5rem 2.5rem; }
figure { margin: 0; max-width: 32rem; }
figcaption { font-size: .875rem; color: var(--faint); margin-bottom: .1rem; }
svg { display: block; width: 100%; height: auto; }
svg, table, dl, footer { font-family: "Gill Sans", "Gill Sans MT", Optima, Candara, "Segoe UI",
  "Source Sans 3", "Helvetica Neue", Arial, sans-serif; font-variant-numeric: tabular-nums; }
svg text { font-size: 12px; fill: var(--ink); }
.driver, .value { text-anchor: end; }
svg .axis-text { text-anchor: middle; fill: var(--faint); font-size: 11px; }
.bar { fill: var(--bar); } .best { fill: var(--best); }
.whisker, .tick { stroke: var(--ink); stroke-width: 1.2; }
.axis { stroke: var(--faint); stroke-width: 1; }
.grid { stroke: var(--rule); stroke-width: 1; }
.reach { stroke: var(--faint); stroke-width: 1.5; }
.dot { fill: var(--best); } .ring { fill: var(--paper); stroke: var(--ink); stroke-width: 1.4; }
svg.natural { width: auto; max-width: none; }
rect.much-less { fill: var(--much-less); } rect.less { fill: var(--less); }
rect.same { fill: var(--shade); } rect.more { fill: var(--more); }
rect.much-more { fill: var(--much-more); }
rect.none { fill: none; stroke: var(--rule); stroke-dasharray: 3 3; }
.cell text { text-anchor: middle; font-size: 11px; } .cell text.none { fill: var(--faint); }
svg .note, svg .axis-name { fill: var(--faint); font-size: 11px; }
svg .strong { font-weight: 600; }
.leader { stroke: var(--bar); stroke-width: 1; }
.scroll { overflow-x: auto; margin-top: .8rem; }
table { border-collapse: collapse; width: 100%; font-size: .9rem; line-height: 1.35; }
caption { text-align: left; position: absolute; left: -999rem; }
th { font-weight: 400; color: var(--faint); text-align: right; vertical-align: bottom; }
th, td { padding: .32rem .55rem; white-space: nowrap; }
td { text-align: right; border-top: 1px solid var(--rule); }
tbody th { color: var(--ink); border-top: 1px solid var(--rule); }
th:first-child { text-align: left; padding-left: 0; }
td:last-child, th:last-child { padding-right: 0; }
td.reason { text-align: left; white-space: normal; color: var(--faint); }
.spread { color: var(--faint); }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .25rem 1.4rem; font-size: .9rem;
  margin: .6rem 0; }
dt { color: var(--faint); } dd { margin: 0; overflow-wrap: anywhere; }
ul { padding-left: 1.1rem; margin: .5rem 0; font-size: .95rem; } li { margin: .25rem 0; }
@media (max-width: 40rem) { body { padding: 1.4rem 1rem 3rem; font-size: 1rem; }
  dl { grid-template-columns: 1fr; gap: 0; } dd { margin-bottom: .5rem; } }
@media print { section { break-inside: avoid; } }
)css";

}  // namespace rota::cli
