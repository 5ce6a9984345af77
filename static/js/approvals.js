// Approvals: the row leaves at once and the server's answer brings the truth; what a person types is kept.
(() => {
  const { $, on, typing } = Backdesk;
  const GO_WITHIN = 900; // ms: "g" alone asks for a new suggestion, "g" and a letter goes to a page (keys.js)

  document.addEventListener("htmx:before:request", ({ detail: { ctx } }) => {
    if (!ctx?.sourceElement?.matches?.("[data-approve], [data-leaves]")) return;
    $("[data-queue] a[aria-current=true]")?.closest("li")?.classList.add("leaving");
  });
  document.addEventListener("htmx:after:swap", ({ detail: { ctx } }) => {
    if (ctx?.request?.method !== "POST" || ctx.sourceElement?.closest?.("[data-quiet]")) return;
    if (document.activeElement !== document.body || $("dialog[open]")) return;
    $("[data-queue] a[aria-current=true]")?.focus({ preventScroll: true });
  });
  on("input", "[data-draft]", () => {
    $("#edited").textContent = "Edited by you";
    $("#act-approve")?.removeAttribute("data-low");
  });
  on("click", "#act-edit", () => $("[data-draft]")?.focus());

  let waiting;
  document.addEventListener("keydown", (event) => {
    clearTimeout(waiting);
    const off = document.documentElement.dataset.keys === "off";
    if (off || event.ctrlKey || event.metaKey || event.altKey || typing() || $("dialog[open]")) return;
    const again = () => $("#act-again")?.click();
    if (event.key === "G") again();
    else if (event.key === "g") waiting = setTimeout(again, GO_WITHIN);
  });
})();
