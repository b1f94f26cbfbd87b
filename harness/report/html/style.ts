export const style = `
:root{--bg:#fbfaf8;--fg:#1d2330;--dim:#667085;--line:#e3e1dc;--card:#fff;--pass:#147d4f;--fail:#c0322b;--inconclusive:#a46a00;--invalid:#7a3fb0;
--c0:#2563a8;--c1:#c05a1c;--c2:#b3261e;--c3:#2b8a57;--c4:#6b4fa0;--c5:#8a6d1f;--c6:#1c8593;--c7:#7c828d}
@media (prefers-color-scheme:dark){:root:not([data-theme=light]){--bg:#14171d;--fg:#e6e8ec;--dim:#98a1b0;--line:#2a303a;--card:#1a1e26;--pass:#4cc38a;--fail:#ff7b72;--inconclusive:#e3b341;--invalid:#c297ff;
--c0:#6cb0f5;--c1:#f0965a;--c2:#ff7b72;--c3:#5cc98f;--c4:#b49bf0;--c5:#d9b958;--c6:#58c4d2;--c7:#98a1b0}}
:root[data-theme=dark]{--bg:#14171d;--fg:#e6e8ec;--dim:#98a1b0;--line:#2a303a;--card:#1a1e26;--pass:#4cc38a;--fail:#ff7b72;--inconclusive:#e3b341;--invalid:#c297ff;
--c0:#6cb0f5;--c1:#f0965a;--c2:#ff7b72;--c3:#5cc98f;--c4:#b49bf0;--c5:#d9b958;--c6:#58c4d2;--c7:#98a1b0}
*{box-sizing:border-box}body{margin:0;background:var(--bg);color:var(--fg);font:15px/1.5 system-ui,sans-serif}
main{max-width:1120px;margin:0 auto;padding:24px 20px 80px}h1{font-size:20px;margin:0}h2{font-size:20px;margin:44px 0 6px}h3{font-size:16px;margin:28px 0 8px}h4{font-size:14px;margin:0 0 6px}
.verdict{display:inline-block;padding:4px 14px;border-radius:6px;color:var(--card);font-weight:700;letter-spacing:.04em;text-transform:uppercase}
.pass{background:var(--pass)}.fail{background:var(--fail)}.inconclusive{background:var(--inconclusive)}.invalid{background:var(--invalid)}
.t-pass{color:var(--pass)}.t-fail{color:var(--fail)}.t-inconclusive{color:var(--inconclusive)}.t-invalid{color:var(--invalid)}
header{display:flex;gap:16px;align-items:center;flex-wrap:wrap}header button{margin-left:auto;background:none;border:1px solid var(--line);color:var(--fg);border-radius:6px;padding:4px 10px;cursor:pointer}
.reasons{margin:14px 0;padding-left:20px}.dim,figcaption,.note{color:var(--dim);font-size:13px}nav a{margin-right:14px}a{color:var(--c0)}
.facts{display:flex;flex-wrap:wrap;gap:4px 28px;color:var(--dim);font-size:13px}.facts b{color:var(--fg);font-weight:600}
.scroll{overflow-x:auto}table{border-collapse:collapse;font-variant-numeric:tabular-nums;font-size:13px;width:100%}th,td{padding:4px 10px;border-bottom:1px solid var(--line);text-align:right;white-space:nowrap}
th{color:var(--dim);font-weight:500}th:first-child,td:first-child,td.text,th.text{text-align:left}td.text{white-space:normal}
.grid2{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(460px,100%),1fr));gap:16px}
figure{margin:0;background:var(--card);border:1px solid var(--line);border-radius:8px;padding:14px;min-width:0}figure.wide{margin-top:16px}svg{width:100%;height:auto;display:block}
.grid{stroke:var(--line);stroke-width:1}.tick,.label,.row{fill:var(--dim);font-size:11px}.row{font-size:6px}.label{font-size:11px}
polyline.mark{fill:none;stroke-width:1.8}.dashed{stroke-dasharray:5 4}.bar{stroke:none}
${[0, 1, 2, 3, 4, 5, 6, 7].map((i) => `polyline.c${i}{stroke:var(--c${i})}rect.c${i},circle.c${i}{fill:var(--c${i})}.legend .c${i} i{background:var(--c${i})}`).join('')}
.legend{margin:6px 0;font-size:12px;display:flex;flex-wrap:wrap;gap:2px 14px}.legend i{display:inline-block;width:10px;height:10px;border-radius:2px;margin-right:5px}.legend span{cursor:pointer}.legend .off{opacity:.35}
.part-queued{fill:var(--c5)}.part-connect{fill:var(--c1)}.part-wait{fill:var(--c0)}.part-receive{fill:var(--c3)}.part-work{fill:var(--c4)}
.legend .part-queued i{background:var(--c5)}.legend .part-connect i{background:var(--c1)}.legend .part-wait i{background:var(--c0)}.legend .part-receive i{background:var(--c3)}.legend .part-work i{background:var(--c4)}
.critical .row{fill:var(--c2);font-weight:700}.milestone{stroke:var(--c2);stroke-width:1.4;stroke-dasharray:4 3}.milestone-name{fill:var(--c2);font-size:11px}
.stream{stroke:var(--line)}.event{fill:var(--c0)}.intended{fill:none;stroke:var(--c1);opacity:.5}
.absent{color:var(--dim);font-style:italic;margin:8px 0}
.hops{display:flex;height:10px;min-width:160px;border-radius:3px;overflow:hidden}.hops i{display:block;height:100%}
.hop-edge{background:var(--c5)}.hop-lb{background:var(--c1)}.hop-mesh{background:var(--c6)}.hop-service{background:var(--c0)}.hop-store{background:var(--c3)}.hop-cache{background:var(--c7)}.hop-inference{background:var(--c4)}
dl{display:grid;grid-template-columns:max-content 1fr;gap:4px 18px;font-size:13px}dt{font-weight:600}dd{margin:0;color:var(--dim)}code{font-size:12px}
`;

/** Theme and legends; the page reads well without it. */
export const script = `
document.querySelector('#theme').addEventListener('click',()=>{const r=document.documentElement;const dark=r.dataset.theme?r.dataset.theme==='dark':matchMedia('(prefers-color-scheme:dark)').matches;r.dataset.theme=dark?'light':'dark'});
for(const key of document.querySelectorAll('.legend span')){key.addEventListener('click',()=>{const c=key.className.split(' ')[0];const off=key.classList.toggle('off');for(const mark of key.closest('figure').querySelectorAll('svg .'+c))mark.style.display=off?'none':''})}
`;
