// Writing a mail: placeholders go where one typed last, and the preview follows what is typed.
(() => {
  const { $, on } = Backdesk;
  const WAIT = 400; // milliseconds after the last key
  let lastField;
  let timer;

  on("focusin", "[data-mail-form] input[name=subject], [data-mail-form] textarea", (_, field) => (lastField = field));
  on("click", "[data-insert]", (_, button) => {
    const field = lastField?.isConnected ? lastField : document.getElementById(button.dataset.insertInto);
    button.closest("[popover]")?.hidePopover();
    field.focus();
    field.setRangeText(button.dataset.insert, field.selectionStart, field.selectionEnd, "end");
    field.dispatchEvent(new Event("input", { bubbles: true }));
  });

  /** Posts the form into a new frame: the first page of a frame adds nothing to the history. */
  function preview(form) {
    const place = $(`[data-mail-preview][data-mail-form-id="${form.id}"]`);
    if (!place) return;
    const old = $("iframe:last-of-type", place);
    const frame = old.cloneNode();
    frame.removeAttribute("src");
    frame.name = `mail-${Date.now()}`;
    frame.hidden = true;
    place.append(frame);
    const sent = document.createElement("form");
    sent.method = "post";
    sent.action = place.dataset.mailPreview;
    sent.target = frame.name;
    sent.hidden = true;
    const token = JSON.parse(document.body.getAttribute("hx-headers:inherited"))["X-CSRF-Token"];
    for (const [name, value] of [...new FormData(form), ["_csrf", token]]) {
      const field = document.createElement("textarea");
      field.name = name;
      field.value = value;
      sent.append(field);
    }
    document.body.append(sent);
    frame.addEventListener("load", () => {
      frame.hidden = false;
      for (const other of place.querySelectorAll("iframe")) if (other !== frame) other.remove();
    });
    sent.submit();
    sent.remove();
  }
  function later(form) {
    clearTimeout(timer);
    timer = setTimeout(() => form.isConnected && preview(form), WAIT);
  }
  document.addEventListener("input", (event) => {
    const form = event.target.form;
    if (form?.matches("[data-mail-form]")) later(form);
  });
  document.addEventListener("htmx:after:swap", () => {
    const form = $("[data-mail-form]");
    if (form) later(form);
  });

  // The preview of a saved mail: another person, another step.
  on("change", "[data-frame-part]", (_, select) => {
    const frame = document.getElementById(select.dataset.framePart);
    const parts = [...document.querySelectorAll(`[data-frame-part="${frame.id}"]`)];
    frame.src = `${frame.dataset.frame}?${parts.map((part) => `${part.name}=${part.value}`).join("&")}`;
  });

  // What was typed and not saved is not lost by a click on a link.
  const changed = () => {
    const form = $("[data-mail-form]");
    return form && [...form.elements].some((field) => /^(INPUT|TEXTAREA)$/.test(field.tagName) && field.type !== "hidden" && field.value !== field.defaultValue);
  };
  addEventListener("beforeunload", (event) => {
    if (changed()) event.preventDefault();
  });
})();
