import { chartStyle } from './chart-style.ts';

const light = `--bg:#f5f6f8;--card:#fff;--raise:#fafbfc;--ink:#17202b;--ink2:#4d5967;--ink3:#7a8694;--line:#e2e6eb;--grid:#edf0f3;--hover:#1f5fd010;--accent:#1f5fd0;
--good:#1a7f4b;--bad:#c8323a;--warn:#9a6400;--void:#6d4bb5;--good-bg:#e8f5ee;--bad-bg:#fcebec;--warn-bg:#fdf3e0;--void-bg:#f1ecfb;
--c0:#2b6cd4;--c1:#d9711c;--c2:#12876f;--c3:#c03d83;--c4:#7650c7;--c5:#a57c00;--c6:#3d8ba6;--c7:#616d7b;
--edge:#3d8ba6;--lb:#98a3b0;--mesh:#7650c7;--service:#2b6cd4;--store:#12876f;--cache:#c49a0c;--inference:#c03d83;--queued:#d9711c;
--wf-queued:#c9d0d8;--wf-connect:#e39a4f;--wf-wait:#5b8fe0;--wf-receive:#1f9d82;--wf-work:#a991de;--critical:#fff3d6;--critical-edge:#e0a100`;
const dark = `--bg:#0e131a;--card:#151c25;--raise:#1a222d;--ink:#e4eaf1;--ink2:#a7b3c1;--ink3:#77859a;--line:#283241;--grid:#202936;--hover:#7aa7ff18;--accent:#7aa7ff;
--good:#4cc38a;--bad:#ff7b80;--warn:#e5b34b;--void:#b79cf5;--good-bg:#12291f;--bad-bg:#331a1e;--warn-bg:#2f2512;--void-bg:#241c38;
--c0:#6ba1ff;--c1:#f29b51;--c2:#3fc3a4;--c3:#f07fb6;--c4:#ab8ff2;--c5:#dcb944;--c6:#74c0d9;--c7:#9aa6b5;
--edge:#74c0d9;--lb:#6d7a8b;--mesh:#ab8ff2;--service:#6ba1ff;--store:#3fc3a4;--cache:#dcb944;--inference:#f07fb6;--queued:#f29b51;
--wf-queued:#3c4858;--wf-connect:#c9803a;--wf-wait:#4f86e0;--wf-receive:#2fae91;--wf-work:#8069bd;--critical:#2d2612;--critical-edge:#e0a100`;

/** The page's whole style. Both themes are variables; `data-theme` on the root wins over the system's preference. */
export const style = `:root{color-scheme:light;${light}}
@media(prefers-color-scheme:dark){:root:not([data-theme=light]){color-scheme:dark;${dark}}}
:root[data-theme=dark]{color-scheme:dark;${dark}}
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%;scroll-padding-top:64px}
body{margin:0;background:var(--bg);color:var(--ink);font:14px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif}
main{max-width:1280px;margin:0 auto;padding:20px 24px 80px}
h1,h2,h3,h4,p,ul,dl,dd,figure,table{margin:0}
h1{font-size:17px;font-weight:600;overflow-wrap:anywhere}
h2{font-size:20px;font-weight:650;letter-spacing:-.01em}
h3{font-size:15px;font-weight:650;margin:28px 0 10px}
h4{font-size:14px;font-weight:600;padding-right:8px}
a{color:var(--accent);text-decoration:none}a:hover{text-decoration:underline}
code,.mono{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;font-size:.92em}
button{font:inherit;color:inherit;background:none;border:0;padding:0;cursor:pointer}
button:focus-visible,a:focus-visible,.scroll:focus-visible,summary:focus-visible{outline:2px solid var(--accent);outline-offset:2px;border-radius:4px}
.dim{color:var(--ink2)}.faint{color:var(--ink3)}.good{color:var(--good)}.bad{color:var(--bad)}.warn{color:var(--warn)}
.top{display:flex;align-items:center;gap:12px;margin-bottom:16px;color:var(--ink2)}
.top .brand{font-weight:700;letter-spacing:-.02em;color:var(--ink)}
.top .brand::before{content:"";display:inline-block;width:3px;height:14px;margin-right:8px;vertical-align:-2px;background:var(--accent);border-radius:2px}
.top #theme{margin-left:auto;border:1px solid var(--line);background:var(--card);border-radius:999px;padding:4px 12px;font-size:13px;color:var(--ink2);white-space:nowrap}
html:not(.js) #theme{display:none}
.card{background:var(--card);border:1px solid var(--line);border-radius:10px;padding:18px 20px}
.verdict{border-left:5px solid var(--tone);background:linear-gradient(90deg,var(--tone-bg),var(--card) 45%)}
.tone-pass{--tone:var(--good);--tone-bg:var(--good-bg)}.tone-fail{--tone:var(--bad);--tone-bg:var(--bad-bg)}
.tone-inconclusive{--tone:var(--warn);--tone-bg:var(--warn-bg)}.tone-invalid{--tone:var(--void);--tone-bg:var(--void-bg)}
.verdict .word{font-size:30px;line-height:1.15;font-weight:700;letter-spacing:-.02em;color:var(--tone)}
.verdict .means{color:var(--ink2);margin:2px 0 10px}
.verdict ul{list-style:none;padding:0;display:grid;gap:4px}
.verdict li{padding-left:16px;position:relative;overflow-wrap:anywhere}.verdict li::before{content:"";position:absolute;left:2px;top:.62em;width:5px;height:5px;border-radius:50%;background:var(--ink3)}
.verdict li.fail::before,.verdict li.invalid::before{background:var(--bad)}.verdict li.inconclusive::before{background:var(--warn)}
.pill{display:inline-block;padding:1px 9px;border-radius:999px;font-size:12px;font-weight:600;color:var(--tone);background:var(--tone-bg);white-space:nowrap}
.facts{display:grid;grid-template-columns:repeat(auto-fit,minmax(190px,1fr));gap:12px 24px;margin-top:12px}
.facts dt{font-size:12px;color:var(--ink3)}.facts dd{overflow-wrap:anywhere}
.tabs{position:sticky;top:0;z-index:5;display:flex;gap:4px;overflow-x:auto;margin:24px -24px 0;padding:8px 24px;background:var(--bg);border-bottom:1px solid var(--line)}
.tabs a{padding:6px 12px;border-radius:7px;color:var(--ink2);white-space:nowrap}.tabs a:hover{background:var(--card);text-decoration:none}
.tabs a[aria-current=true]{background:var(--card);color:var(--ink);font-weight:600;box-shadow:0 0 0 1px var(--line)}
.tabs .spot{display:inline-block;width:7px;height:7px;border-radius:50%;margin-right:7px;background:var(--tone)}
section{margin-top:28px}.js section[data-tab]:not(.shown){display:none}
.head{display:flex;flex-wrap:wrap;align-items:baseline;gap:6px 12px}
.tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(122px,1fr));gap:1px;margin-top:14px;background:var(--line);border:1px solid var(--line);border-radius:10px;overflow:hidden}
.tile{background:var(--card);padding:11px 14px}.tile dt{font-size:12px;color:var(--ink3);white-space:nowrap}
.tile dd{font-size:18px;white-space:nowrap;font-weight:600;letter-spacing:-.01em;font-variant-numeric:tabular-nums}.tile small{display:block;white-space:normal;font-size:12px;font-weight:400;color:var(--ink3);letter-spacing:0}
.two{display:grid;grid-template-columns:minmax(0,1fr) minmax(0,1fr);gap:16px;align-items:start}
.flow{columns:2;column-gap:16px;margin-bottom:0}.flow>*{break-inside:avoid;margin-bottom:16px}
.stack{display:grid;gap:16px}
.table{overflow-x:auto;background:var(--card);border:1px solid var(--line);border-radius:10px}
table{border-collapse:collapse;width:100%;font-size:13px;font-variant-numeric:tabular-nums}
caption{text-align:left;font-weight:600;font-size:14px;padding:12px 14px 4px}
th,td{padding:7px 10px;text-align:right;border-bottom:1px solid var(--grid);white-space:nowrap;vertical-align:top}
th:first-child,td:first-child{padding-left:14px}tr:last-child td{border-bottom:0}
th{font-weight:500;color:var(--ink3);font-size:12px;background:var(--raise);border-bottom-color:var(--line)}
th.l,td.l{text-align:left}td.wrap{white-space:normal;min-width:220px;overflow-wrap:anywhere}
th button{color:inherit}th[aria-sort] button{color:var(--ink);font-weight:650}th[aria-sort=ascending] button::after{content:" ↑"}th[aria-sort=descending] button::after{content:" ↓"}
tbody tr:hover td{background:var(--hover)}
td small{display:block;color:var(--ink3);font-size:11px}td .few{color:var(--warn);cursor:help}
.absent{color:var(--ink2);background:var(--card);border:1px dashed var(--line);border-radius:10px;padding:12px 16px}
.absent b{display:block;color:var(--ink)}
details{margin-top:16px}summary{cursor:pointer;font-weight:600}
.words{display:grid;grid-template-columns:repeat(auto-fill,minmax(340px,1fr));gap:10px 28px;margin-top:12px}
.words dt{font-weight:600}.words dd{color:var(--ink2)}.words code{color:var(--ink)}
abbr{text-decoration:underline dotted var(--ink3);text-underline-offset:3px;cursor:help}
footer{margin-top:40px;color:var(--ink3);font-size:13px}
#tip{position:fixed;z-index:20;pointer-events:none;max-width:min(420px,92vw);padding:8px 11px;border-radius:7px;background:var(--ink);color:var(--bg);font-size:12px;line-height:1.45;white-space:pre-line;overflow-wrap:anywhere;box-shadow:0 4px 18px #0004;font-variant-numeric:tabular-nums}
#tip[hidden]{display:none}
${chartStyle}
@media(max-width:860px){.two{grid-template-columns:minmax(0,1fr)}.flow{columns:1}main{padding:14px 14px 60px}.tabs{margin:18px -14px 0;padding:8px 14px}.card{padding:14px}.words{grid-template-columns:1fr}}
@media print{.tabs,#theme{display:none}.js section[data-tab]:not(.shown){display:block}.scroll{max-height:none;overflow:visible}figure,.table{break-inside:avoid}}`;
