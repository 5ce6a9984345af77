// Public forms: answers are saved while typing (files: uploads.js). Without JavaScript the form still works: it is then
// one plain multipart submit.
const PublicForm = (() => {
  const $ = (selector, root = document) => root.querySelector(selector);
  const $$ = (selector, root = document) => [...root.querySelectorAll(selector)];
  const on = (type, selector, handle) =>
    document.addEventListener(type, (event) => {
      const target = event.target.closest?.(selector);
      if (target) handle(event, target);
    });
  const HEADERS = { "X-Requested-With": "fetch", Accept: "application/json" };
  const announce = (text) => {
    const region = $("[data-saved-live]");
    if (region) region.textContent = text;
  };

  const say = (text) => {
    const label = $("[data-saved]");
    if (label && label.textContent !== text) label.textContent = text;
  };
  const uploads = new Set(); // rows of files that are on their way or waiting

  /** What every answer may carry: {"done", "total"} for the meter, {"visible": {field: bool}} for conditions. */
  function applyAnswer({ done, total, visible }) {
    if (total !== undefined) {
      const words = $("[data-progress-text]");
      const meter = $("[data-progress] svg");
      if (words) words.textContent = `${done} of ${total}`;
      meter?.setAttribute("aria-label", `Progress: ${done} of ${total} questions`);
      $("rect:last-child", meter ?? document)?.setAttribute("width", `${total ? (100 * done) / total : 0}%`);
    }
    for (const [key, shown] of Object.entries(visible ?? {}))
      $$(`[data-field="${CSS.escape(key)}"]`).forEach((field) => (field.hidden = !shown));
  }

  // ── autosave: form[data-autosave="address"] ──
  const SAVE_AFTER = 800; // ms without typing
  const RETRY = [2000, 4000, 8000, 16000, 30000]; // ms
  const KEEPALIVE_LIMIT = 60000; // bytes; browsers refuse more than 64 kB while a page is closing

  const form = $("form[data-autosave]");
  let timer;
  let changed = false; // something is typed that no request has taken with it
  const touched = new Set(); // names of these fields: only they are sent, so that two devices keep each other's answers
  let inFlight = 0;
  let failures = 0;
  let savedAt;
  let submitting = false;

  function sayAge() {
    if (!savedAt || changed || inFlight || failures) return;
    const seconds = Math.round((Date.now() - savedAt) / 1000);
    say(seconds < 60 ? `Saved ${seconds} s ago` : `Saved ${Math.round(seconds / 60)} min ago`);
  }
  function body() {
    const mine = ([name, value]) => typeof value === "string" && (touched.has(name) || name.startsWith("_"));
    return new URLSearchParams([...new FormData(form)].filter(mine)); // files go on their own
  }
  /** One request at a time; a page that is closing does not wait for the one before, and asks for keepalive. */
  async function save({ closing = false } = {}) {
    clearTimeout(timer);
    if (inFlight && !closing) return; // its end looks at `changed` again
    const answers = body();
    const sent = [...touched];
    const again = () => sent.forEach((name) => touched.add(name));
    const keepalive = closing && answers.toString().length < KEEPALIVE_LIMIT;
    inFlight += 1;
    changed = false;
    touched.clear();
    if (!failures) say("Saving…");
    try {
      const request = { method: "PATCH", headers: HEADERS, body: answers, keepalive };
      const response = await fetch(form.dataset.autosave, request);
      const answer = await response.json().catch(() => ({}));
      inFlight -= 1;
      if (response.ok) return saved(answer);
      again();
      failed(answer.error, response.status);
    } catch {
      inFlight -= 1;
      again();
      failed();
    }
  }
  function saved(answer) {
    if (failures) announce("Saved");
    failures = 0;
    savedAt = Date.now();
    if (answer.address) history.replaceState(null, "", answer.address); // a reload finds what was saved
    applyAnswer(answer);
    sayAge();
    if (changed) save();
  }
  /** No answer or a fault of the server is tried again by itself; a refusal (link closed, already sent) is said. */
  function failed(reason, status = 0) {
    changed = true;
    const refused = status >= 400 && status < 500 && status !== 408 && status !== 429;
    const text = refused ? (reason ?? "Not saved. Reload the page.") : "Not saved yet, trying again";
    if (!failures || refused) announce(text);
    say(text);
    if (!refused) timer = setTimeout(save, RETRY[Math.min(failures, RETRY.length - 1)]);
    failures += 1;
  }
  const flush = () => changed && !submitting && save({ closing: true });
  if (form) {
    form.noValidate = true; // a hidden required field would block the submit without a word; the server checks
    form.addEventListener("input", (event) => {
      if (event.target.type === "file") return;
      changed = true;
      touched.add(event.target.name);
      if (!failures) say("Saving…");
      clearTimeout(timer);
      timer = setTimeout(save, SAVE_AFTER);
    });
    form.addEventListener("submit", (event) => {
      if (!uploads.size) return (submitting = true);
      event.preventDefault();
      say("Files are still on their way. Wait for them or stop them.");
      announce("Files are still on their way. Wait for them or stop them.");
    });
    document.addEventListener("visibilitychange", () => document.hidden && flush());
    addEventListener("pagehide", flush);
    addEventListener("pageshow", () => (submitting = false));
    addEventListener("online", () => failures && save());
    setInterval(sayAge, 10000);
  }
  addEventListener("beforeunload", (event) => {
    if (!submitting && ((changed && failures) || uploads.size)) event.preventDefault();
  });

  return { $, $$, on, HEADERS, announce, say, applyAnswer, uploads };
})();
