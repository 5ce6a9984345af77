// Writing to people: the approvals queue, canned replies, suggested text.
(() => {
  const { $, $$, on } = Backdesk;

  // The row leaves at once; the answer of the server brings the truth, and an error brings the row back (toasts.js).
  document.addEventListener("htmx:before:request", (event) => {
    if (!/\/(approval|rejection)$/.test(event.detail.ctx?.request.action)) return;
    $("[data-queue] a[aria-current=true]")?.closest("li")?.classList.add("leaving");
  });
  document.addEventListener("htmx:after:swap", (event) => {
    const posted = event.detail.ctx.request?.method === "POST";
    if (posted && document.activeElement === document.body)
      $("[data-queue] a[aria-current=true]")?.focus({ preventScroll: true });
  });
  on("input", "[data-draft]", () => {
    const mark = $("#edited");
    if (mark) mark.textContent = "Edited by you";
  });

  on("click", "[data-insert]", (_, button) => {
    const field = document.getElementById(button.dataset.insertInto) ?? $(".composer textarea");
    button.closest("[popover]")?.hidePopover();
    if (!field) return;
    field.setRangeText(button.dataset.insert, field.selectionStart, field.selectionEnd, "end");
    field.focus();
  });
  on("click", "[data-use-suggestion]", (_, button) => {
    const field = document.getElementById(button.dataset.useSuggestion);
    const text = $("p", button.closest(".ai-box")).cloneNode(true);
    $$(".cite", text).forEach((cite) => cite.remove());
    field.value = text.textContent
      .replace(/\s+([.,])/g, "$1")
      .replace(/\s+/g, " ")
      .trim();
    field.focus();
  });
})();
