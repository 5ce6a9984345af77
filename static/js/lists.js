// Lists: selecting rows and the bulk bar, the drawer, and moving with j and k.
(() => {
  const { $, $$, on } = Backdesk;

  // ── bulk select: shift-click ranges, header box with three states, action bar ──
  let lastBox;
  const boxes = () => $$("[data-rows] tbody .check");
  /** all=1 in the bulk form means every row behind the filter, not only this page; the button says the other choice. */
  function setAllMatching(bar, chosen) {
    const button = $("[data-all-matching]", bar);
    bar.elements.all.disabled = !chosen;
    if (!button) return;
    const total = $("[data-matching]")?.textContent.trim() || button.dataset.allMatching;
    button.textContent = chosen ? "Only this page" : `Select all ${total} matching`;
    if (chosen) $("[data-bulk-n]", bar).textContent = total || "All";
  }
  function syncBulk() {
    const bar = $("[data-bulk]");
    if (!bar) return;
    const all = boxes();
    const count = all.filter((box) => box.checked).length;
    const whole = count > 0 && count === all.length;
    const head = $("[data-check-all]");
    const matching = $("[data-all-matching]", bar);
    bar.hidden = count === 0;
    $("[data-bulk-n]", bar).textContent = count;
    setAllMatching(bar, whole && !bar.elements.all.disabled);
    if (matching) matching.hidden = !whole;
    if (!head) return;
    head.checked = whole;
    head.indeterminate = count > 0 && !whole;
  }
  function setAll(checked) {
    boxes().forEach((box) => (box.checked = checked));
    syncBulk();
  }
  function checkRange(from, to, checked) {
    const all = boxes();
    const [start, end] = [all.indexOf(from), all.indexOf(to)].sort((a, b) => a - b);
    if (start >= 0) all.slice(start, end + 1).forEach((box) => (box.checked = checked));
  }
  on("click", "[data-rows] tbody .check", (event, box) => {
    if (event.shiftKey && lastBox) checkRange(lastBox, box, box.checked);
    lastBox = box;
    syncBulk();
  });
  on("change", "[data-check-all]", (_, head) => setAll(head.checked));
  on("click", "[data-bulk-clear]", () => setAll(false));
  on("click", "[data-all-matching]", (_, button) => {
    const bar = button.closest("[data-bulk]");
    setAllMatching(bar, bar.elements.all.disabled);
    syncBulk();
  });
  document.addEventListener("htmx:after:swap", syncBulk);
  addEventListener("pageshow", syncBulk); // the browser may have kept the boxes of the last visit

  // ── drawer: opened by a row, gives focus back when closed ──
  let opener;
  const clearCurrentRow = () => $$("tr[aria-current]").forEach((row) => row.removeAttribute("aria-current"));
  function openDrawer(link) {
    const drawer = $("#drawer");
    if (!drawer) return;
    opener = link;
    clearCurrentRow();
    link.closest("tr")?.setAttribute("aria-current", "true");
    drawer.hidden = false;
  }
  function closeDrawer() {
    const drawer = $("#drawer");
    if (!drawer || drawer.hidden) return false;
    drawer.hidden = true;
    clearCurrentRow();
    opener?.focus();
    return true;
  }
  on("click", "[data-open]", (event, link) => {
    if (!event.ctrlKey && !event.metaKey && !event.shiftKey) openDrawer(link);
  });
  on("click", "[data-drawer-close]", closeDrawer);

  // ── j and k: through table rows, the approvals queue or the Today list ──
  let cursor = { id: "", at: -1 };
  const items = () => $$("[data-queue] a, [data-rows] tbody tr, [data-todo] > li, [data-board] .lcard");
  const isCurrent = (item) => item.classList.contains("cursor") || item.matches("a[aria-current=true]");
  function setCursor(item, list) {
    list.forEach((other) => other.classList.toggle("cursor", other === item));
    cursor = { id: item.id, at: list.indexOf(item) };
  }
  function moveCursor(step) {
    const list = items();
    if (!list.length) return;
    const at = list.findIndex(isCurrent);
    const next = list[Math.max(0, Math.min(list.length - 1, at + step))];
    if ($("[data-queue]")) {
      next.click();
      next.focus({ preventScroll: true });
    } else {
      setCursor(next, list);
      $(next.matches("[data-todo] > li") ? ".btn" : "a", next)?.focus({ preventScroll: true });
    }
    next.scrollIntoView({ block: "nearest" });
  }
  /** A live update draws rows as the server knows them: without the mark of the cursor and of the open drawer. When the
   *  line of Today under the cursor is gone, the one in its place has it. */
  function restoreMarks() {
    const drawer = $("#drawer");
    if (drawer && !drawer.hidden) opener?.closest("tr")?.setAttribute("aria-current", "true");
    const list = items();
    if (!cursor.id || list.some(isCurrent)) return;
    const same = list.find((item) => item.id === cursor.id);
    const item = same ?? ($("[data-todo]") ? list[Math.min(cursor.at, list.length - 1)] : undefined);
    if (!item) return;
    setCursor(item, list);
    if (!same && document.activeElement === document.body) $(".btn", item)?.focus({ preventScroll: true });
  }
  document.addEventListener("htmx:after:swap", restoreMarks);
  // A line of Today leaves when its button is pressed; an error brings it back (toasts.js).
  document.addEventListener("htmx:before:request", ({ detail: { ctx } }) => {
    if (ctx?.request?.method !== "POST") return;
    ctx.sourceElement?.closest?.("[data-todo] > li")?.classList.add("leaving");
  });
  function toggleCursorRow() {
    const box = $(".cursor .check");
    if (!box) return;
    box.checked = !box.checked;
    lastBox = box;
    syncBulk();
  }

  // ── a live update morphs the rows, and with them goes what only the page knew: which is open, where the cursor is ──
  let kept = [];
  document.addEventListener("htmx:before:swap", () => {
    kept = $$("tr[id].cursor, tr[id][aria-current]").map((row) => ({
      id: row.id,
      cursor: row.classList.contains("cursor"),
      current: row.ariaCurrent,
    }));
  });
  document.addEventListener("htmx:after:swap", () => {
    for (const { id, cursor, current } of kept) {
      const row = document.getElementById(id);
      if (cursor) row?.classList.add("cursor");
      if (current && !$("#drawer")?.hidden) row?.setAttribute("aria-current", current);
    }
  });

  Object.assign(Backdesk, { setAll, closeDrawer, moveCursor, toggleCursorRow });
})();
