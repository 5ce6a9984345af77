// Every chart drawn on the server: pointing at it or pressing an arrow key reads the values of one place.
(() => {
  const { $, $$, on } = Backdesk;

  function hideTip(chart) {
    for (const hit of $$(".hit.on", chart)) hit.classList.remove("on");
    $(".tip", chart).hidden = true;
  }
  function line(pair) {
    const made = document.createElement("div");
    for (const part of pair.split("=")) {
      const span = document.createElement("span");
      span.textContent = part;
      made.append(span);
    }
    return made;
  }
  function place(chart, tip, hit, pointerY) {
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
    tip.replaceChildren(title, ...hit.dataset.v.split("|").map(line));
    tip.hidden = false;
    place(chart, tip, hit, pointerY);
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
    if (event.key === "Escape") return hideTip(chart);
    const hits = $$(".hit", chart);
    const at = hits.findIndex((hit) => hit.classList.contains("on"));
    const to = { ArrowRight: at + 1, ArrowLeft: at < 0 ? hits.length - 1 : at - 1, Home: 0, End: hits.length - 1 }[event.key];
    if (to === undefined || !hits.length) return;
    showTip(chart, hits[Math.max(0, Math.min(hits.length - 1, to))]);
    event.preventDefault();
  });
  on("click", "[data-print]", () => print());
})();
