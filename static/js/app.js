// What the dashboard's scripts share, and the small behaviours: theme, dialogs, copy, segmented buttons.
// Every listener sits on document and looks elements up when it runs, because htmx swaps parts of the page and, on
// Back, the whole body: nothing ever needs binding again.
const Backdesk = (() => {
  const $ = (selector, root = document) => root.querySelector(selector);
  const $$ = (selector, root = document) => [...root.querySelectorAll(selector)];
  const on = (type, selector, handle) =>
    document.addEventListener(type, (event) => {
      const target = event.target.closest?.(selector);
      if (target) handle(event, target);
    });
  /** Whether keys are text now. A dialog that fades out still holds the focus, but nobody types in it. */
  const typing = () => {
    const field = document.activeElement?.closest(
      "input:not([type=checkbox]):not([type=radio]),textarea,select,[contenteditable=true]",
    );
    return Boolean(field) && !field.closest("dialog:not([open])");
  };

  // ── theme ──
  function isDark() {
    const chosen = document.documentElement.dataset.theme;
    const system = matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
    return (chosen ?? system) === "dark";
  }
  function toggleTheme() {
    const theme = isDark() ? "light" : "dark";
    document.documentElement.dataset.theme = theme;
    try {
      localStorage.setItem("theme", theme);
    } catch {
      // storage may be blocked: the choice then lasts for this page only
    }
  }
  on("click", "[data-theme-toggle]", toggleTheme);

  // ── dialogs: data-dialog and HX-Trigger {"open-dialog": {target}} open, data-dialog-close and "close-dialog" close ──
  function openDialog(selector) {
    const dialog = $(selector);
    if (!dialog || dialog.open) return;
    dialog.setAttribute("hx-morph-skip", ""); // a live update around it would take `open` away
    dialog.showModal();
    $("[autofocus], .body :is(input:not([type=hidden]), select, textarea)", dialog)?.focus();
  }
  on("click", "[data-dialog]", (_, button) => {
    button.closest("[popover]")?.hidePopover();
    openDialog(button.dataset.dialog);
  });
  on("click", "[data-dialog-close]", (_, button) => button.closest("dialog").close());
  on("click", "#palette, #keys", (event, dialog) => {
    if (event.target === dialog) dialog.close(); // the backdrop; other dialogs may hold typed text and stay
  });
  document.addEventListener("close", ({ target }) => target.removeAttribute("hx-morph-skip"), true);
  document.addEventListener("open-dialog", ({ detail }) => openDialog(detail.target));
  // Only the dialog that asked: an answer to what was done before may come while somebody types into another.
  document.addEventListener("close-dialog", ({ target }) => target.closest?.("dialog")?.close());

  // ── rows of links wider than the screen begin where one is ──
  for (const link of $$(":is(.subnav, .tabs, .seg) > [aria-current]"))
    if (link.parentElement.scrollWidth > link.parentElement.clientWidth)
      link.scrollIntoView({ block: "nearest", inline: "center" });

  // ── HX-Trigger {"download": {href}}: a file leaves the page as it is ──
  document.addEventListener("download", ({ detail }) => location.assign(detail.href));

  // ── copy ──
  on("click", "[data-copy]", async (_, button) => {
    try {
      await navigator.clipboard.writeText(button.dataset.copy);
      Backdesk.toast("Copied.", { ms: 2500 });
    } catch {
      Backdesk.toast("The browser does not allow copying here. Select the text and copy it.", { bad: true });
    }
  });

  // ── segmented buttons ──
  on("click", ".seg button", (_, button) => {
    $$("button", button.parentElement).forEach((other) => other.setAttribute("aria-pressed", other === button));
  });

  return { $, $$, on, typing, toggleTheme, openDialog };
})();
