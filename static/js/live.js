// Live pages: the server names a topic ("orders", "outbox", …) and every part that listens asks again:
// hx-trigger="live:orders from:body". Any topic also fires "live". One stream, and only while the page is looked at.
(() => {
  const { $$ } = Backdesk;
  const AT_MOST_EVERY = 1000; // ms, per topic
  const TRY_AGAIN_AFTER = 15000; // ms, when the server refused the stream; a cut stream the browser reopens itself

  let stream;
  let retry;
  let opened = false;
  const waiting = new Map(); // topic announced within the last second -> whether more came since

  function announce(topic) {
    document.body.dispatchEvent(new CustomEvent(`live:${topic}`, { detail: { topic } }));
    document.body.dispatchEvent(new CustomEvent("live", { detail: { topic } }));
  }
  /** The first message acts at once, more within the same second act together at its end. */
  function receive(topic) {
    if (waiting.has(topic)) return waiting.set(topic, true);
    announce(topic);
    waiting.set(topic, false);
    setTimeout(() => {
      const again = waiting.get(topic);
      waiting.delete(topic);
      if (again) receive(topic);
    }, AT_MOST_EVERY);
  }
  /** Everything that listens on this page, after a time in which messages may have been missed. */
  function catchUp() {
    const listeners = $$("[hx-trigger*='live:']").map((element) => element.getAttribute("hx-trigger"));
    const topics = new Set(listeners.flatMap((spec) => [...spec.matchAll(/live:([\w-]+)/g)].map((match) => match[1])));
    (topics.size ? topics : ["any"]).forEach(receive);
  }

  // What refreshes itself is nobody's activity: these requests do not keep a session alive.
  document.addEventListener("htmx:config:request", ({ detail: { ctx } }) => {
    if (/^live(:|$)/.test(ctx.sourceEvent?.type)) ctx.request.headers["X-Live"] = "1";
  });

  function open() {
    clearTimeout(retry);
    const { base, live } = document.body.dataset;
    if (stream || live === undefined || document.hidden) return;
    // What happened while the page was on its way is said first; later times are caught up with below.
    stream = new EventSource(opened ? `${base}/live` : `${base}/live?since=${live}`);
    stream.onopen = () => {
      if (opened) catchUp();
      opened = true;
    };
    stream.onmessage = ({ data }) => (data === "all" ? catchUp() : receive(data));
    stream.onerror = () => {
      if (stream?.readyState !== EventSource.CLOSED) return;
      close();
      retry = setTimeout(open, TRY_AGAIN_AFTER);
    };
  }
  function close() {
    clearTimeout(retry);
    stream?.close();
    stream = undefined;
  }
  document.addEventListener("visibilitychange", () => (document.hidden ? close() : open()));
  addEventListener("pagehide", close);
  addEventListener("pageshow", open);
})();
