// Answering a ticket: canned replies and suggestions go into the field, Ctrl Enter sends, the newest message is in view.
(() => {
  const { $, on } = Backdesk;

  function put(field, text) {
    field.focus();
    field.setRangeText(text, field.selectionStart, field.selectionEnd, "end");
    field.dispatchEvent(new Event("input", { bubbles: true }));
  }
  on("click", "[data-canned]", (_, button) => {
    const field = document.getElementById(button.dataset.into);
    button.closest("[popover]")?.hidePopover();
    const form = field.form;
    $("[data-canned-id]", form).value = button.dataset.canned;
    if (button.dataset.then) form.elements.then.value = button.dataset.then;
    put(field, button.dataset.text);
  });
  on("click", "[data-use]", (_, button) => {
    const field = document.getElementById(button.dataset.into);
    field.value = "";
    put(field, document.getElementById(button.dataset.use).textContent);
  });
  on("change", "[data-files-named]", (_, input) => {
    document.getElementById(input.dataset.filesNamed).textContent = [...input.files].map((file) => file.name).join(", ");
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
    const form = event.target.closest?.("[data-composer]");
    if (!form) return;
    event.preventDefault();
    form.requestSubmit();
  });
  const bottom = () => {
    const thread = $("[data-thread]");
    if (thread) thread.scrollTop = thread.scrollHeight;
  };
  addEventListener("DOMContentLoaded", () => {
    bottom();
    if (location.hash === "#reply") $("[data-composer] textarea")?.focus(); // links that mean: answer here
  });
})();
