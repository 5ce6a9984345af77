// Charts: one handler for every server-drawn SVG; arrow keys read the values.
(() => {
  const { $, $$, on } = Backdesk;

  function hideTip(chart) {
    $$(".hit.on", chart).forEach((hit) => hit.classList.remove("on"));
    const tip = $(".tip", chart);
    if (tip) tip.hidden = true;
  }
  function tipLine(pair) {
    const line = document.createElement("div");
    for (const part of pair.split("=")) {
      const span = document.createElement("span");
      span.textContent = part;
      line.append(span);
    }
    return line;
  }
  function placeTip(chart, tip, hit, pointerY) {
    const frame = chart.getBoundingClientRect();
    const column = hit.getBoundingClientRect();
    const centre = column.left - frame.left + column.width / 2;
    const room = centre + tip.offsetWidth + 16 <= frame.width;
    const wanted = room ? centre + 12 : centre - tip.offsetWidth - 12;
    const x = Math.round(Math.max(0, Math.min(frame.width - tip.offsetWidth, wanted)));
    const y = pointerY ? Math.round(Math.max(0, pointerY - frame.top - tip.offsetHeight - 14)) : 8;
    tip.style.transform = `translate(${x}px, ${y}px)`; // set from a script: allowed by style-src 'self'
  }
  function showTip(chart, hit, pointerY) {
    hideTip(chart);
    hit.classList.add("on");
    const tip = $(".tip", chart);
    const title = document.createElement("b");
    title.textContent = hit.dataset.l;
    tip.replaceChildren(title, ...hit.dataset.v.split("|").map(tipLine));
    tip.hidden = false;
    placeTip(chart, tip, hit, pointerY);
  }
  on("pointermove", ".chart", (event, chart) => {
    const hit = event.target.closest(".hit");
    if (hit) showTip(chart, hit, event.clientY);
  });
  on("pointerout", ".chart", (event, chart) => {
    if (!chart.contains(event.relatedTarget)) hideTip(chart);
  });
  on("focusout", ".chart", (_, chart) => hideTip(chart));
  on("keydown", ".chart", (event, chart) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    const hits = $$(".hit", chart);
    const at = hits.findIndex((hit) => hit.classList.contains("on"));
    showTip(chart, hits[Math.max(0, Math.min(hits.length - 1, at + step))]);
    event.preventDefault();
  });
})();
