// Toasts, and what becomes of answers that are errors.
(() => {
  const { $, $$ } = Backdesk;

  // popover=manual keeps toasts above the page; what they say is announced from #toast-live
  function closeToast(toast) {
    toast.remove();
    const box = $("#toasts");
    if (!$(".toast", box)) box.hidePopover?.();
  }
  function undoButton(toast, undo) {
    const button = document.createElement("button");
    const key = document.createElement("kbd");
    button.type = "button";
    button.dataset.undo = "";
    key.textContent = "Z";
    key.setAttribute("aria-hidden", "true");
    button.append("Undo ", key);
    button.addEventListener("click", () => {
      closeToast(toast);
      undo();
    });
    return button;
  }
  function closeAfter(toast, ms) {
    let timer = setTimeout(() => closeToast(toast), ms);
    toast.addEventListener("pointerenter", () => clearTimeout(timer));
    toast.addEventListener("pointerleave", () => {
      timer = setTimeout(() => closeToast(toast), 2500);
    });
  }
  function showToast(text, { undo, bad, ms = 6000 } = {}) {
    const box = $("#toasts");
    const toast = document.createElement("div");
    toast.className = bad ? "toast bad" : "toast";
    toast.append(text);
    if (undo) toast.append(undoButton(toast, undo));
    $$(".toast", box)
      .slice(0, -2)
      .forEach((old) => old.remove());
    box.append(toast);
    if ($("dialog[open]") && box.matches(":popover-open")) box.hidePopover(); // shown again, it is above the dialog
    if (!box.matches(":popover-open")) box.showPopover?.();
    const withKey = undo && document.documentElement.dataset.keys !== "off";
    $("#toast-live").textContent = withKey ? `${text} Press Z to undo.` : text;
    closeAfter(toast, ms);
  }
  Backdesk.toast = showToast;

  // The server asks for a toast: HX-Trigger: {"toast": {"text", "undo": address, "target": selector, "swap", "ms", "bad"}}
  // The undo is posted from body, whose hx-headers carry the CSRF token.
  document.addEventListener("toast", ({ detail }) => {
    const { text, undo, target, swap, bad, ms } = detail;
    const post = () =>
      htmx.ajax("POST", undo, target && $(target) ? { target, swap: swap ?? "outerMorph" } : { swap: "none" });
    if (undo && undoNext) {
      undoNext = false;
      return post();
    }
    showToast(text, { bad, ms, undo: undo && post });
  });

  // ── Z: what was done last is undone, also while its answer, which says how, is still on its way ──
  const underWay = new Set();
  let undoNext = false;
  const undoShown = () => $$("[data-undo]").at(-1)?.click();
  Backdesk.undo = () => {
    if (underWay.size) undoNext = true;
    else undoShown();
  };
  document.addEventListener("htmx:before:request", ({ detail: { ctx } }) => {
    if (ctx.request.method !== "GET" && !isQuiet(ctx)) underWay.add(ctx);
  });
  document.addEventListener("htmx:finally:request", ({ detail: { ctx } }) => {
    underWay.delete(ctx);
    if (!undoNext || underWay.size) return;
    undoNext = false; // what was on its way cannot be undone; what is shown can
    undoShown();
  });

  // ── answers that are errors ──
  const WORDS = {
    403: "You may not do this. Nothing was changed.",
    404: "This is gone. Reload the page to see what is there now.",
    409: "Someone else already handled this one.",
    413: "This is too large. Nothing was changed.",
    429: "Too many at once. Wait a moment and try again.",
    503: "Not available at the moment. Nothing was changed.",
  };
  /** Requests nobody asked for by hand (live updates, counts, search as you type) fail without a word. */
  function isQuiet({ sourceElement, sourceEvent }) {
    return sourceElement?.closest?.("[data-quiet]") || /^(load|live|every|intersect)\b/.test(sourceEvent?.type ?? "");
  }
  /** The element takes this status itself: hx-status:422="target:#form" shows the form with its errors. */
  function isShown({ sourceElement, response }) {
    const status = String(response.status);
    return [status, `${status.slice(0, 2)}x`, `${status[0]}xx`].some(
      (pattern) =>
        sourceElement.hasAttribute(`hx-status:${pattern}`) ||
        sourceElement.closest(`[hx-status\\:${pattern}\\:inherited]`),
    );
  }
  document.addEventListener("htmx:response:error", ({ detail: { ctx } }) => {
    $$(".leaving").forEach((row) => row.classList.remove("leaving"));
    const { status } = ctx.response;
    if (isQuiet(ctx)) return;
    if (status === 401) // the session has ended
      return location.assign(`/signin?next=${encodeURIComponent(location.pathname + location.search)}`);
    if (isShown(ctx) || /"toast"/.test(ctx.hx?.trigger ?? "")) return;
    showToast(WORDS[status] ?? "That didn't work. Nothing was changed.", { bad: true });
  });
  document.addEventListener("htmx:error", ({ detail: { ctx, error } }) => {
    $$(".leaving").forEach((row) => row.classList.remove("leaving"));
    if (!ctx || isQuiet(ctx)) return; // without ctx it is a mistake of ours, which htmx has logged
    if (ctx.response) showToast("The answer could not be shown. Reload the page.", { bad: true });
    else if (error === "timeout") showToast("No answer in time. Reload to see whether it worked.", { bad: true });
    else showToast("You seem to be offline. What you typed is still here.", { bad: true });
  });
})();
