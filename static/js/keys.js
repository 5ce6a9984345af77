// Keys. Single keys never act while typing, with a modifier or over a dialog, and a person can switch them off in the
// profile (<html data-keys="off">, WCAG 2.1.4). What "g" jumps to stands in the palette: data-keys="G O".
(() => {
  const { $, $$, typing, openPalette, openDialog, moveCursor, toggleCursorRow, closeDrawer, setAll } = Backdesk;
  const GO_WITHIN = 900; // ms between g and the next key

  let goPressed = 0;
  const ACTIONS = {
    g: () => (goPressed = Date.now()),
    j: () => moveCursor(1),
    k: () => moveCursor(-1),
    x: toggleCursorRow,
    b: () => $$("[data-bulk]:not([hidden]) button").find((button) => !button.hidden)?.focus(),
    "/": openPalette,
    "?": () => openDialog("#keys"),
    n: () => $("[data-new]")?.click(),
    f: () => $("[data-filter]")?.click(),
    a: approve,
    e: () => $("[data-draft]")?.focus(),
    r: () => $("#act-reject")?.click(),
    z: () => Backdesk.undo(),
  };
  /** Below 50% confidence the key does not send: it goes to the text, which a person then reads. */
  function approve() {
    const button = $("#act-approve");
    if (button?.hasAttribute("data-low")) $("[data-draft]")?.focus();
    else button?.click();
  }
  function goTarget(key) {
    const option = $(`#palette [data-keys="G ${CSS.escape(key.toUpperCase())}"]`);
    return option?.dataset.href;
  }
  function escape() {
    if ($("dialog[open], [popover]:popover-open:not(#toasts)")) return; // the browser closes these itself
    if (typing()) document.activeElement.blur();
    else if (!closeDrawer()) setAll(false);
  }
  function withModifier(event) {
    if (event.key.toLowerCase() === "k") {
      event.preventDefault();
      const palette = $("#palette");
      if (palette.open) palette.close();
      else openPalette();
    } else if (event.key === "Enter" && event.target.matches?.("[data-draft]")) $("#act-approve")?.click();
    else if (event.key === "Enter") event.target.closest?.(".composer")?.requestSubmit();
  }
  function singleKey(event) {
    const target = Date.now() - goPressed < GO_WITHIN && goTarget(event.key);
    goPressed = 0;
    if (target) return location.assign(target);
    const action = ACTIONS[event.key];
    if (!action) return;
    event.preventDefault();
    action();
  }
  document.addEventListener("keydown", (event) => {
    if (event.isComposing) return;
    if (event.ctrlKey || event.metaKey) return withModifier(event);
    if (event.key === "Escape") return escape();
    const off = document.documentElement.dataset.keys === "off";
    if (event.altKey || off || typing() || $("dialog[open]")) return;
    singleKey(event);
  });
})();
