// The board: a card goes to another stage by mouse, by its menu, or by Shift and an arrow key. It moves at once; the
// server confirms, and on an error it goes back to where it was. Won and lost first ask what they need to know.
(() => {
  const { $, $$, on } = Backdesk;

  const cards = (lane) => $$(".lcard", lane);
  const laneOf = (card) => card.closest("[data-lane]");
  const origins = new Map(); // card on its way -> where it stood
  let dragged;

  /** While a card is in the hand or on its way, an update that was asked for before would put it back. */
  function holdStill() {
    $("[data-board]")?.toggleAttribute("hx-morph-skip", Boolean(dragged) || origins.size > 0);
  }
  const askAgain = () => document.body.dispatchEvent(new CustomEvent("lead-moved"));

  function move(card, stage) {
    const lane = $(`[data-lane="${CSS.escape(stage)}"]`);
    if (!lane || lane === laneOf(card)) return;
    if (lane.dataset.kind !== "open") return ask(card, lane);
    const held = card.contains(document.activeElement);
    if (!origins.has(card)) origins.set(card, { parent: card.parentElement, next: card.nextElementSibling });
    holdStill();
    $("ul", lane).prepend(card);
    card.classList.add("moving");
    if (held) $("a", card).focus();
    card.scrollIntoView({ block: "nearest", inline: "nearest" });
    htmx
      .ajax("POST", `${card.dataset.lead}/stage?in=board`, { source: card, values: { stage }, swap: "none" })
      .finally(() => settle(card));
  }
  function ask(card, lane) {
    const form = lane.dataset.kind === "won" ? "sale" : "loss";
    const address = `${card.dataset.lead}/${form}?in=board&stage=${encodeURIComponent(lane.dataset.lane)}`;
    htmx.ajax("GET", address, { target: "#dialog", swap: "innerHTML" });
  }
  function settle(card) {
    card.classList.remove("moving");
    origins.delete(card);
    holdStill();
  }
  function putBack({ detail: { ctx } }) {
    const card = ctx?.sourceElement;
    const origin = origins.get(card);
    if (!origin) return;
    origin.parent.insertBefore(card, origin.next?.parentElement === origin.parent ? origin.next : null);
    settle(card);
    askAgain();
  }
  document.addEventListener("htmx:response:error", putBack);
  document.addEventListener("htmx:error", putBack);

  // ── by mouse ──
  function over(lane) {
    $$("[data-lane].over").forEach((other) => other.classList.toggle("over", other === lane));
    lane?.classList.add("over");
  }
  on("dragstart", ".lcard[draggable]", (event, card) => {
    dragged = card;
    card.classList.add("dragged");
    event.dataTransfer.effectAllowed = "move";
    event.dataTransfer.setData("text/plain", card.id);
    holdStill();
  });
  on("dragover", "[data-lane]", (event, lane) => {
    if (!dragged) return;
    event.preventDefault();
    event.dataTransfer.dropEffect = "move";
    over(lane === laneOf(dragged) ? undefined : lane);
  });
  on("drop", "[data-lane]", (event, lane) => {
    if (!dragged) return;
    event.preventDefault();
    move(dragged, lane.dataset.lane);
  });
  document.addEventListener("dragend", () => {
    if (!dragged) return;
    dragged.classList.remove("dragged");
    dragged = undefined;
    over();
    holdStill();
    if (!origins.size) askAgain();
  });

  // ── by its menu: one for all cards ──
  let chosen;
  on("click", "[popovertarget=card-menu]", (_, button) => {
    chosen = button.closest(".lcard");
    const stage = laneOf(chosen).dataset.lane;
    $$("[data-move]").forEach((item) => (item.hidden = item.dataset.move === stage));
  });
  on("click", "[data-move]", (_, item) => {
    $("#card-menu").hidePopover();
    const card = chosen?.isConnected ? chosen : chosen && document.getElementById(chosen.id);
    if (!card) return;
    $("a", card).focus();
    move(card, item.dataset.move);
  });

  // ── by keys, while a card has the focus ──
  const LANES = { ArrowLeft: -1, ArrowRight: 1 };
  const CARDS = { ArrowUp: -1, ArrowDown: 1 };
  document.addEventListener("keydown", (event) => {
    const card = event.target.closest?.(".lcard");
    if (!card || event.ctrlKey || event.metaKey || event.altKey || $("[popover]:popover-open:not(#toasts)")) return;
    const across = LANES[event.key];
    const along = CARDS[event.key];
    if (!across && !along) return;
    event.preventDefault();
    if (along) return focus(cards(laneOf(card))[cards(laneOf(card)).indexOf(card) + along]);
    const lanes = $$("[data-lane]");
    const next = lanes[lanes.indexOf(laneOf(card)) + across];
    if (!next) return;
    if (!event.shiftKey) focus(nearest(card, lanes, lanes.indexOf(next), across));
    else if (card.draggable) move(card, next.dataset.lane);
  });
  /** The card at the same height in the next lane that has any. */
  function nearest(card, lanes, from, step) {
    const at = cards(laneOf(card)).indexOf(card);
    for (let lane = from; lanes[lane]; lane += step) {
      const found = cards(lanes[lane]);
      if (found.length) return found[Math.min(at, found.length - 1)];
    }
    return undefined;
  }
  function focus(card) {
    if (card) $("a", card).focus();
  }
})();
