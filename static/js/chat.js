// The chat, live: on our own page, and in a frame on somebody else's. Every piece of the thread comes from the server
// as it stands on the page; here it is put in its place. Without this script the page's forms work as they are.
(() => {
  const box = document.querySelector("[data-chat]");
  const base = box.dataset.chat;
  const framed = box.dataset.sites !== undefined;
  const KEY = `chat:${base}`; // in a frame the thread is named by a token in its own storage; else by cookies alone
  const NEAR_END = 120; // px from the end of the thread within which new messages scroll into view
  const WRITING_FOR = 13000; // ms after which nobody is said to be writing any more
  const RETRY = [1000, 3000, 8000, 20000, 60000]; // ms
  const OFFLINE = "Not sent. Check your connection, then try again.";

  const find = (selector) => box.querySelector(selector);
  const thread = find("[data-thread]");
  const doing = find("[data-doing]");
  const trouble = find("[data-trouble]");
  const form = find("[data-send]");
  const field = form.elements.message;
  let storing = true; // a frame may be refused its storage, and still have a cookie of its own
  let token = framed ? stored() : undefined;
  let hears; // the host page, once it has spoken to us: {page, site}
  let shown = !framed;
  let begun = 0; // how often the server has named our thread
  let newest = 0; // of the live stream alone: what it has told, it need not tell again

  function stored() {
    try {
      return localStorage.getItem(KEY) ?? "";
    } catch {
      storing = false;
      return "";
    }
  }
  function store(name) {
    if (!framed || name === undefined) return;
    token = name;
    try {
      if (name) localStorage.setItem(KEY, name);
      else localStorage.removeItem(KEY);
    } catch {
      storing = false;
    }
  }

  // ── asking the server ──
  const headers = (more) => (framed ? { "X-Conversation": token, ...more } : more);
  function post(path, values, accept) {
    const body = new URLSearchParams({ ...values, ...hears });
    return fetch(base + path, { method: "POST", body, headers: headers({ Accept: accept }) });
  }
  async function facts(path, values) {
    const response = await post(path, values, "application/json");
    const said = await response.json().catch(() => ({}));
    if (!response.ok) throw Object.assign(new Error(said.error), { said: said.error });
    store(said.conversation);
    begun += 1;
    return said;
  }
  /** The events of a stream, as they come. */
  async function* events(response) {
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    let rest = "";
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return;
      const blocks = (rest + value).split(/\r?\n\r?\n/);
      rest = blocks.pop();
      for (const block of blocks) {
        const event = { type: "message", data: [], id: undefined };
        for (const line of block.split(/\r?\n/)) {
          const [, name, text] = line.match(/^(\w*): ?(.*)$/) ?? [];
          if (name === "data") event.data.push(text);
          else if (name === "event") event.type = text;
          else if (name === "id") event.id = Number(text);
        }
        if (event.data.length) yield { ...event, data: event.data.join("\n") };
      }
    }
  }

  // ── the thread ──
  let atEnd = true;
  const toEnd = () => (thread.scrollTop = thread.scrollHeight);
  thread.addEventListener("scroll", () => {
    atEnd = thread.scrollHeight - thread.scrollTop - thread.clientHeight < NEAR_END;
  });
  new ResizeObserver(() => atEnd && toEnd()).observe(thread); // what stands below it may grow
  function put(html) {
    const holder = document.createElement("template");
    holder.innerHTML = html;
    const piece = holder.content.firstElementChild;
    const there = document.getElementById(piece.id);
    if (there && there.innerHTML === piece.innerHTML) return there;
    if (there) there.replaceWith(piece);
    else {
      const number = Number(piece.id.split("-")[1]);
      const later = [...thread.children].find((each) => Number(each.id.split("-")[1]) > number);
      thread.insertBefore(piece, later ?? thread.querySelector("[data-growing]"));
    }
    if (atEnd) toEnd();
    return piece;
  }
  function putPerson(html) {
    const there = document.getElementById("chat-person");
    if (there.contains(document.activeElement) && document.activeElement.value) return; // being typed into
    const holder = document.createElement("template");
    holder.innerHTML = html;
    const focused = there.contains(document.activeElement);
    there.innerHTML = holder.content.firstElementChild.innerHTML;
    if (focused) field.focus();
  }
  function bubble(kind, text) {
    const made = document.createElement("p");
    made.className = `say ${kind}`;
    made.dataset.growing = "";
    made.dir = "auto";
    made.textContent = text;
    thread.append(made);
    toEnd();
    return made;
  }
  const say = (text) => (doing.textContent = text);
  function complain(text, again) {
    trouble.replaceChildren();
    if (!text) return;
    const line = document.createElement("p");
    line.className = "err";
    line.setAttribute("role", "alert");
    line.textContent = text;
    if (again) {
      const button = document.createElement("button");
      button.type = "button";
      button.className = "link";
      button.textContent = "Try again";
      button.addEventListener("click", again);
      line.append(" ", button);
    }
    trouble.append(line);
  }

  // ── sending and its answer ──
  async function send(text, key) {
    complain();
    const mine = bubble("me", text);
    try {
      const kept = await facts("/messages", { message: text, key });
      mine.remove();
      put(kept.message);
      follow();
      await answer(kept.number);
    } catch (problem) {
      mine.remove();
      field.value ||= text;
      complain(problem.said ?? OFFLINE, () => field.value === text && ((field.value = ""), send(text, key)));
    }
  }
  async function answer(number) {
    let growing;
    try {
      const response = await post("/answer", { number }, "text/event-stream");
      if (!response.ok) throw new Error();
      for await (const { type, data } of events(response)) {
        if (type === "doing") say(data);
        else if (type === "part") (growing ??= bubble("ai", "")).append(data);
        else if (type === "failed") complain(data);
        else if (type === "message") {
          growing?.remove();
          put(data);
        }
      }
    } catch {
      // it is on its way nevertheless: the live stream brings it, or a person answers
    } finally {
      growing?.remove();
      say("");
    }
  }
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const text = field.value.trim();
    if (!text) return;
    field.value = "";
    field.removeAttribute("aria-invalid");
    send(text, crypto.randomUUID?.() ?? String(Math.random()));
  });
  box.addEventListener("submit", async (event) => {
    const { line } = event.target.dataset; // a form of the line about a person: where it goes
    if (!line) return;
    event.preventDefault();
    const button = event.target.querySelector("button");
    button.disabled = true;
    complain();
    try {
      const { person } = await facts(line, Object.fromEntries(new FormData(event.target)));
      event.target.reset();
      document.activeElement?.blur();
      putPerson(person);
      follow();
      field.focus();
    } catch (problem) {
      complain(problem.said ?? OFFLINE);
    } finally {
      button.disabled = false;
    }
  });

  // ── what is said afterwards ──
  let following;
  let failures = 0;
  let retry;
  let silence;
  function writing(who) {
    clearTimeout(silence);
    say(who ? `${who} is replying…` : "");
    if (who) silence = setTimeout(() => say(""), WRITING_FOR);
  }
  function hear({ type, data, id }) {
    if (type === "message") {
      newest = Math.max(newest, id);
      const piece = put(data);
      if (piece.dataset.person === undefined) return;
      writing("");
      if (!shown && ready) tell("news");
    } else if (type === "person") putPerson(data);
    else if (type === "writing") writing(data);
    else if (type === "ready") {
      ready = true;
      thread.removeAttribute("aria-busy");
    }
  }
  let ready = false;
  async function follow() {
    if (following || document.hidden || (framed && storing && !token)) return;
    clearTimeout(retry);
    const mine = (following = new AbortController());
    const before = begun;
    let wait;
    try {
      const asked = headers({ Accept: "text/event-stream", "Last-Event-ID": newest });
      const response = await fetch(`${base}/live`, { headers: asked, signal: mine.signal, cache: "no-store" });
      if (response.status === 404 || response.status === 204) {
        following = undefined;
        return begun === before ? forget() : follow(); // a first message may have overtaken this
      }
      if (!response.ok) wait = Number(response.headers.get("Retry-After")) * 1000;
      else
        for await (const event of events(response)) {
          failures = 0;
          hear(event);
        }
    } catch {
      // cut off, or left by ourselves: asked again below
    }
    if (following !== mine) return;
    following = undefined;
    retry = setTimeout(follow, wait || RETRY[Math.min(failures++, RETRY.length - 1)] * (0.75 + Math.random() / 2));
  }
  /** The thread is too old, or gone: the next message begins a new one. */
  function forget() {
    store("");
    ready = true;
    thread.removeAttribute("aria-busy");
  }
  function leave() {
    clearTimeout(retry);
    following?.abort();
    following = undefined;
  }
  document.addEventListener("visibilitychange", () => (document.hidden ? leave() : follow()));
  addEventListener("pagehide", leave);
  addEventListener("pageshow", () => follow());
  addEventListener("online", () => follow());

  // ── the page around the frame ──
  const sites = (box.dataset.sites ?? "").split(" ");
  const tell = (what) => framed && parent !== window && parent.postMessage({ chat: what }, hears?.site ?? "*");
  if (framed) {
    addEventListener("message", ({ source, origin, data }) => {
      if (source !== parent || !sites.includes(origin)) return;
      hears = { page: String(data?.page ?? ""), site: origin };
      shown = data?.chat !== "closed";
      if (data?.chat === "opened") field.focus();
      if (shown) toEnd();
    });
    find("[data-close]").addEventListener("click", () => tell("close"));
    document.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && !document.querySelector(":popover-open")) tell("close");
    });
    if (token || !storing) thread.setAttribute("aria-busy", "true"); // until the thread is there, it is not read out
    tell("ready");
  } else newest = Math.max(0, ...[...thread.children].map((each) => Number(each.id.split("-")[1]) || 0));
  toEnd();
  follow();
})();
