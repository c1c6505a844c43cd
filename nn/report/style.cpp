#include "nn/report/style.hpp"

namespace xtape::nn::report {

// The colours are those of Okabe and Ito, whom the colour-blind have to thank, a little darker on
// paper so that they also serve as text.
const char* const style = R"css(
:root {
  color-scheme: light dark;
  --page: #f7f6f3; --card: #ffffff; --ink: #1c1e22; --muted: #5d626b; --rule: #e4e2dc;
  --blue: #0069a8; --orange: #b84a00; --green: #00795a; --purple: #a0467a; --amber: #8a6400;
  --sky: #2a8fc4; --ridge: #7fb3d5;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #121418; --card: #1a1d23; --ink: #e9e7e2; --muted: #9ba1ab; --rule: #2d3139;
    --blue: #5ab4ea; --orange: #f2935c; --green: #3fc29c; --purple: #dd92bd; --amber: #e3b04b;
    --sky: #9bd4f5; --ridge: #2f6d96;
  }
  .ink { filter: invert(1); }
}
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; }
body {
  margin: 0; background: var(--page); color: var(--ink);
  font: 16px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif;
  font-variant-numeric: tabular-nums; overflow-wrap: anywhere;
}
header, main, footer { max-width: 1120px; margin: 0 auto; padding: 0 20px; }
header { padding-top: 48px; }
h1, h2 { font-family: "Iowan Old Style", "Palatino Linotype", Palatino, Georgia, serif;
  font-weight: 600; line-height: 1.2; letter-spacing: -0.01em; text-wrap: balance; }
h1 { font-size: clamp(1.9rem, 5vw, 2.7rem); margin: 0 0 8px; }
h2 { font-size: 1.5rem; margin: 0 0 6px; }
header p, section > p { max-width: 68ch; color: var(--muted); margin: 0 0 18px; }
a { color: var(--blue); text-underline-offset: 3px; }
a:focus-visible { outline: 2px solid var(--blue); outline-offset: 3px; border-radius: 2px; }
nav { display: flex; flex-wrap: wrap; gap: 6px 18px; padding: 14px 0; font-size: 0.92rem;
  border-block: 1px solid var(--rule); }
nav a { text-decoration: none; }
nav a:hover { text-decoration: underline; }
section { padding-top: 44px; }
small { color: var(--muted); font-size: 0.85em; font-weight: 400; }

.facts { display: grid; grid-template-columns: repeat(auto-fit, minmax(150px, 1fr)); gap: 16px 28px;
  margin: 26px 0 30px; }
.facts div { min-width: 0; border-top: 2px solid var(--ink); padding-top: 8px; }
.facts dt { color: var(--muted); font-size: 0.88rem; }
.facts dd { margin: 0; font-size: 1.75rem; font-weight: 600; letter-spacing: -0.02em; line-height: 1.25; }

.grid { display: grid; gap: 16px; grid-template-columns: repeat(auto-fill, minmax(min(320px, 100%), 1fr)); }
.card { margin: 0 0 16px; padding: 16px 18px; background: var(--card); border: 1px solid var(--rule);
  border-radius: 10px; min-width: 0; }
.grid .card { margin: 0; }
figcaption { font-weight: 600; font-size: 0.95rem; line-height: 1.35; margin-bottom: 8px; }
figcaption small { display: block; }
svg { display: block; width: 100%; height: auto; }
svg text { font-size: 12px; fill: var(--ink); font-family: inherit; }
svg .tick, svg .label { fill: var(--muted); font-size: 11px; }
.middle { text-anchor: middle; } .end { text-anchor: end; }
path.grid { stroke: var(--rule); fill: none; }
.axis { stroke: var(--muted); fill: none; }
.line { fill: none; stroke: currentColor; stroke-width: 2; stroke-linejoin: round; stroke-linecap: round; }
.dot { fill: currentColor; stroke: var(--card); stroke-width: 1.5; }
.s0 { color: var(--blue); } .s1 { color: var(--orange); } .s2 { color: var(--green); }
.s3 { color: var(--purple); } .s4 { color: var(--amber); } .s5 { color: var(--sky); }
.s1 .line { stroke-dasharray: 7 4; } .s2 .line { stroke-dasharray: 2 5; }
.s3 .line { stroke-dasharray: 10 4 2 4; } .s4 .line { stroke-dasharray: 14 4; }
.legend { list-style: none; margin: 0 0 8px; padding: 0; display: flex; flex-wrap: wrap; gap: 2px 16px;
  font-size: 0.85rem; }
.legend li::before { content: ""; display: inline-block; width: 12px; height: 12px; margin-right: 6px;
  border-radius: 3px; background: currentColor; vertical-align: -1px; }
.ridge { fill: var(--ridge); fill-opacity: 0.72; stroke: var(--card); stroke-width: 1.1; }

.confusion { max-width: 720px; margin: 0 auto; }
.right { fill: var(--blue); } .wrong { fill: var(--orange); }
svg .count { font-size: 11.5px; }
svg .name { font-size: 12px; fill: var(--ink); }

.samples { display: grid; gap: 6px 40px; margin: 0;
  grid-template-columns: repeat(auto-fill, minmax(min(440px, 100%), 1fr)); }
.samples div { display: grid; grid-template-columns: var(--label) 1fr; gap: 12px; align-items: center; }
.samples dt { font-weight: 600; text-align: right; line-height: 1.2; }
.samples dd { margin: 0; display: grid; grid-template-columns: repeat(10, minmax(0, 52px)); gap: 4px; }
.samples img, .units img, .miss img { display: block; width: 100%; height: auto; image-rendering: pixelated; }
.ink, .weights, .photo { border-radius: 3px; }
.ink { background: #f0f0f0; }
.misses { display: grid; gap: 14px; grid-template-columns: repeat(auto-fill, minmax(min(230px, 100%), 1fr)); }
.miss { margin: 0; display: grid; grid-template-columns: 72px 1fr; gap: 10px 16px; align-items: end; }
.miss svg { max-width: 200px; }
.miss svg text.tick { font-size: 8.5px; }
.miss figcaption { grid-column: 1 / -1; margin: 0; font-weight: 400; font-size: 0.9rem; }
.miss figcaption small { display: inline; white-space: nowrap; }
.actual { color: var(--blue); fill: var(--blue); } .taken { color: var(--orange); fill: var(--orange); }
svg text.actual { fill: var(--blue); font-weight: 700; } svg text.taken { fill: var(--orange); font-weight: 700; }
.other { fill: var(--muted); fill-opacity: 0.5; } svg text.other { fill-opacity: 1; }
.units { display: grid; gap: 8px; grid-template-columns: repeat(auto-fill, minmax(58px, 1fr)); }
.weights { background: var(--page); }
.key { display: flex; align-items: center; gap: 10px; margin: 14px 0 0; font-size: 0.85rem; color: var(--muted); }
.ramp { flex: 0 1 180px; height: 10px; border-radius: 5px;
  background: linear-gradient(90deg, rgb(23 109 188), rgb(23 109 188 / 0), rgb(221 98 23 / 0), rgb(221 98 23)); }

.scroll { overflow-x: auto; }
table.data { border-collapse: collapse; width: 100%; font-size: 0.93rem; }
.data th, .data td { text-align: left; padding: 7px 14px 7px 0; border-bottom: 1px solid var(--rule); vertical-align: top; }
.data thead th { color: var(--muted); font-weight: 500; }
.data tr:last-child > * { border-bottom: 0; }
.data tbody th { font-weight: 500; }
.data td:last-child { padding-right: 0; overflow-wrap: anywhere; }
.data .number { text-align: right; white-space: nowrap; }
footer { color: var(--muted); font-size: 0.88rem; padding-top: 40px; padding-bottom: 48px; }
@media (max-width: 520px) {
  header, main, footer { padding-left: 14px; padding-right: 14px; }
  header { padding-top: 28px; }
  .card { padding: 13px 13px; }
  .facts { grid-template-columns: 1fr 1fr; }
  .facts dd { font-size: 1.45rem; }
  .samples div { gap: 8px; }
  .samples dd { gap: 2px; }
  .units { grid-template-columns: repeat(auto-fill, minmax(46px, 1fr)); gap: 5px; }
  svg text { font-size: 13px; } svg .tick, svg .label { font-size: 12.5px; }
  svg.confusion text, svg.confusion .label, svg.confusion .count { font-size: 14px; }
  .wide { padding-left: 8px; padding-right: 8px; }
}
@media print { nav { display: none; } .card { break-inside: avoid; } }
)css";

}  // namespace xtape::nn::report
