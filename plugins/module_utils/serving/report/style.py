# Copyright: the llmops.gke engineers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The page's style. Colours of the categories are told apart by people who see few colours, on both grounds."""

STYLE = """
:root{--ground:#fcfcfb;--card:#fff;--ink:#1b1b19;--soft:#5d5c57;--rule:#e2e1dc;--c1:#2a78d6;--c2:#d9590f;--c3:#168a61;
--c4:#b87b00;--c5:#7a4fc9;--c6:#b9b8b1;--c7:#b83280;--yes:#11734f;--no:#c22b2b;--inside:#fff}
@media (prefers-color-scheme:dark){:root{--ground:#161615;--card:#1f1f1d;--ink:#f1f0ec;--soft:#a9a8a1;--rule:#383733;
--c1:#5598e7;--c2:#ec835a;--c3:#3fbf8f;--c4:#d9a23a;--c5:#a98cf0;--c6:#5a5953;--c7:#f08ac0;--yes:#4fd0a0;--no:#ff7b72;--inside:#111}}
*{box-sizing:border-box}
body{margin:0;background:var(--ground);color:var(--ink);
font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif}
main{max-width:820px;margin:0 auto;padding:28px 20px 60px}
h1{font-size:26px;margin:0;line-height:1.25}h2{font-size:18px;margin:0 0 2px}
header p,.why{color:var(--soft);margin:2px 0 14px}
section{background:var(--card);border:1px solid var(--rule);border-radius:10px;padding:18px 20px;margin:16px 0}
.verdict{border-left:6px solid var(--c6);background:var(--card);border-radius:6px;padding:12px 18px;margin:16px 0}
.verdict p{margin:0;font-size:17px;font-weight:600}.verdict p+p,.verdict ul+p{font-size:14px;margin-top:8px}
.verdict ul{margin:4px 0 0;padding-left:20px}.verdict ul:empty{display:none}
.fit{border-color:var(--yes)}.unfit{border-color:var(--no)}.slow,.unjudged{border-color:var(--c4)}
.simulated{background:repeating-linear-gradient(-45deg,transparent 0 10px,var(--rule) 10px 11px);
border:1px dashed var(--soft);border-radius:6px;padding:8px 14px}
.tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(150px,1fr));gap:12px;margin:16px 0}
.tiles div{background:var(--card);border:1px solid var(--rule);border-radius:10px;padding:12px 16px}
.tiles b{display:block;font-size:24px;line-height:1.2}.tiles span{color:var(--soft);font-size:13px}
.scroll{overflow-x:auto}table{border-collapse:collapse;width:100%;font-size:13.5px;margin-top:8px}
th,td{text-align:left;padding:5px 12px 5px 0;border-bottom:1px solid var(--rule);vertical-align:top}
th{color:var(--soft);font-weight:500}.figures td:not(:first-child),.figures th:not(:first-child){text-align:right;
font-variant-numeric:tabular-nums;white-space:nowrap}
dl{display:grid;grid-template-columns:max-content 1fr;gap:2px 16px;margin:8px 0}dt{color:var(--soft)}dd{margin:0;
overflow-wrap:anywhere}
figure{margin:14px 0 4px}figcaption{font-size:13.5px;color:var(--soft)}figcaption b{color:var(--ink)}
svg{display:block;width:100%;height:auto;overflow:visible}
svg text{font-size:12px;fill:var(--ink)}svg .tick{fill:var(--soft);font-size:11px}
svg .inside{fill:var(--inside);font-weight:600}
.axis{stroke:var(--soft)}.grid{stroke:var(--rule)}.band{fill:var(--c1);opacity:.18}.point{fill:var(--c1);opacity:.65}
.median{stroke:var(--c1);stroke-width:2}svg .median-text{fill:var(--c1);font-weight:600}
.limit{stroke:var(--no);stroke-width:1.5;stroke-dasharray:5 3}svg .limit-text{fill:var(--no)}.cold{fill:var(--c4)}
.c1{fill:var(--c1)}.c2{fill:var(--c2)}.c3{fill:var(--c3)}.c4{fill:var(--c4)}.c5{fill:var(--c5)}.c6{fill:var(--c6)}
.c7{fill:var(--c7)}
.line{fill:none;stroke-width:2}.c1-line{stroke:var(--c1)}.c2-line{stroke:var(--c2)}.c3-line{stroke:var(--c3)}
.legend{list-style:none;display:flex;flex-wrap:wrap;gap:4px 18px;padding:0;margin:6px 0 0;
font-size:13px;color:var(--soft)}
.swatch{display:inline-block;width:11px;height:11px;border-radius:3px;margin-right:6px;vertical-align:-1px}
.swatch.c1{background:var(--c1)}.swatch.c2{background:var(--c2)}.swatch.c3{background:var(--c3)}
.swatch.c4{background:var(--c4)}.swatch.c5{background:var(--c5)}.swatch.c6{background:var(--c6)}
.swatch.c7{background:var(--c7)}
.yes{color:var(--yes);font-weight:600}.no{color:var(--no);font-weight:600}
blockquote{margin:8px 0 0;padding-left:14px;border-left:3px solid var(--rule);white-space:pre-wrap}
@media print{body{background:#fff}section,.tiles div{break-inside:avoid}}
"""
