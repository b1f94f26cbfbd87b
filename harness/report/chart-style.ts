const series = Array.from({ length: 8 }, (_, index) => `.c${index}{--k:var(--c${index})}`).join('');
const hops = ['edge', 'lb', 'mesh', 'service', 'store', 'cache', 'inference', 'queued'].map((hop) => `.hop-${hop}{--k:var(--${hop})}`).join('');
const parts = ['queued', 'connect', 'wait', 'receive', 'work'].map((part) => `.part-${part}{--k:var(--wf-${part})}`).join('');

/** Style of the charts: a class gives the colour as `--k`, an element's kind says whether it is filled or stroked with it. */
export const chartStyle = `figure.chart{background:var(--card);border:1px solid var(--line);border-radius:10px;padding:14px 16px 12px;min-width:0}
figure svg{display:block;width:100%;height:auto;overflow:visible}
figcaption{margin-top:8px;color:var(--ink2);font-size:12.5px;max-width:110ch}
.legend{display:flex;flex-wrap:wrap;gap:2px 14px;margin:4px 0 6px;font-size:12.5px;color:var(--ink2)}
.entry{display:inline-flex;align-items:center;gap:6px}.js button.entry:hover{color:var(--ink)}html:not(.js) button.entry{cursor:default}
.entry[aria-pressed=false]{opacity:.4;text-decoration:line-through}
.key{display:inline-block;width:14px;height:0;border-top:2.5px solid var(--k)}.key.dashed{border-top-style:dashed}
.key.box{width:11px;height:11px;border:0;border-radius:2.5px;background:var(--k)}.key.hollow{width:7px;height:11px;border:1.5px solid var(--k);border-radius:1px}
.series.off{display:none}
.stick{position:sticky;top:0;z-index:1;background:var(--card);border-bottom:1px solid var(--line)}
.scroll{overflow-x:auto;max-height:720px;overflow-y:auto}
${series}${hops}${parts}.good{--k:var(--good)}.bad{--k:var(--bad)}.reference{--k:var(--ink3)}.hop-other{--k:var(--c7)}
.event-key{--k:var(--c0)}.intended-key{--k:var(--c1)}.critical-key{--k:var(--critical-edge)}
svg text{font-size:12px;fill:var(--ink2);font-variant-numeric:tabular-nums}
svg .tick{font-size:11.5px;fill:var(--ink3)}svg .axis{font-size:11.5px;fill:var(--ink3)}svg .row-name{font-size:12.5px;fill:var(--ink)}
.grid{stroke:var(--grid)}.base{stroke:var(--line)}.zero{stroke:var(--ink3);stroke-dasharray:2 3}
path.line{fill:none;stroke:var(--k);stroke-width:1.9;stroke-linejoin:round;stroke-linecap:round}
path.line.thin{stroke-width:1;opacity:.45}path.line.dashed{stroke-dasharray:5 4}path.line.faint{stroke-width:1.4;stroke-dasharray:1 4;opacity:.75}
path.reference{fill:none;stroke:var(--k);stroke-dasharray:4 4}
.whisker{stroke:var(--k);stroke-width:5;opacity:.25}
circle.dot{fill:var(--k);stroke:none}circle.hollow{fill:var(--card);stroke:var(--k);stroke-width:1.4}
rect.bar{fill:var(--k);opacity:.85}path.pointer{fill:var(--k)}
.band{fill:transparent}.js .band:hover{fill:var(--hover)}
.warm-up{fill:var(--ink3);opacity:.1}
rect.track{fill:var(--grid)}rect.gauge{fill:var(--k)}line.limit{stroke:var(--ink);stroke-width:2}svg .gauge-text{font-size:12.5px;fill:var(--ink)}svg .gauge-text.bad{fill:var(--bad);font-weight:600}
.hit{fill:transparent}.row:hover .hit,.bin:hover .hit{fill:var(--hover)}
rect[class*=part-]{fill:var(--k)}svg .step{font-size:11.5px;fill:var(--ink2)}svg .duration{font-size:10.5px;fill:var(--ink3)}
rect.critical{fill:var(--critical)}rect.critical-edge{fill:var(--critical-edge)}.on-path .step{font-weight:650;fill:var(--ink)}.row.bad .step,.row.bad .duration{fill:var(--bad)}
line.milestone{stroke:var(--bad);stroke-dasharray:5 3}svg .milestone-name{font-size:11.5px;font-weight:600;fill:var(--bad)}
line.stream{stroke:var(--grid);stroke-width:3}path.event{fill:none;stroke:var(--c0);stroke-width:1.6}path.intended{fill:none;stroke:var(--c1);stroke-width:.9}
.hops{width:220px;height:14px;border-radius:3px;overflow:hidden;background:var(--grid)}.hops rect{fill:var(--k)}
.below{margin-top:8px}ul.findings{margin:0 0 14px;padding-left:20px;max-width:120ch}
.to-trace{cursor:pointer}svg .to-trace:hover circle.dot,svg .to-trace:hover circle.hollow,svg .to-trace:focus circle{stroke:var(--ink);stroke-width:1.6}svg .to-trace .step{fill:var(--accent)}a.to-trace:hover .hops{outline:1.5px solid var(--accent)}
details.trace{margin-top:10px}details.trace summary{font-weight:400}details.trace summary b{font-weight:600}details.trace figure{margin-top:8px}
svg .service{font-size:10.5px;fill:var(--ink3)}path.span-event{stroke:var(--ink);stroke-width:1.4;fill:none}
figure.chart .table{border:0;border-radius:0;margin:6px -16px 0}figure.chart .hops{display:block;width:220px}
@media(max-width:860px){.scroll>svg,.stick{min-width:900px}figure:not(.wide) svg text{font-size:16px}figure:not(.wide) svg .tick,figure:not(.wide) svg .axis{font-size:14.5px}figure.chart .table{margin:6px -14px 0}figure.chart{padding:12px 14px}}`;
