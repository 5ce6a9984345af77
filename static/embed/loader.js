// The widget on somebody else's page: a button in a shadow root; the panel is fetched with the first click.
// The server appends openChat({…}) with what it has to know, and puts braces around, so that no name gets out.
const openChat = (chat) => {
  const OPEN = `backdesk-chat-${chat.slug}`; // in the site's sessionStorage: the panel stays open from page to page
  const READY_WITHIN = 15000; // ms; a browser that may not show the frame does not say so
  const SVG = "http://www.w3.org/2000/svg";
  const PATHS = {
    ask: "M7.9 20A9 9 0 1 0 4 16.1L2 22Z",
    close: "M18 6 6 18M6 6l12 12",
  };
  if (!chat.sites.includes(location.origin)) {
    console.warn(`Chat of ${chat.name}: ${location.origin} is not listed. An admin can add it under Settings, Chat.`);
    return;
  }
  if (document.getElementById(OPEN)) return;

  const host = document.createElement("aside");
  host.id = OPEN;
  host.setAttribute("aria-label", "Chat");
  const root = host.attachShadow({ mode: "open" });
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(chat.styles);
  root.adoptedStyleSheets = [sheet];

  const button = document.createElement("button");
  const path = document.createElementNS(SVG, "path");
  const icon = document.createElementNS(SVG, "svg");
  const label = document.createElement("span");
  const news = document.createElement("span");
  button.type = "button";
  button.className = "bubble";
  icon.setAttribute("viewBox", "0 0 24 24");
  icon.setAttribute("aria-hidden", "true");
  icon.append(path);
  news.className = "vh";
  news.setAttribute("role", "status");
  button.append(icon, label);
  root.append(button, news);

  let frame;
  let opened = false;
  let lost = false; // the frame was not shown: our own page is opened instead
  let wanted; // what the panel is told as soon as it can hear
  const remember = (open) => {
    try {
      if (open) sessionStorage.setItem(OPEN, "1");
      else sessionStorage.removeItem(OPEN);
    } catch {
      // storage may be blocked: then the panel is closed on the next page
    }
  };
  const remembered = () => {
    try {
      return sessionStorage.getItem(OPEN) === "1";
    } catch {
      return false;
    }
  };
  const tell = (what) =>
    frame?.contentWindow?.postMessage({ chat: what, page: location.origin + location.pathname }, new URL(chat.panel).origin);

  function show() {
    button.setAttribute("aria-expanded", opened);
    button.classList.toggle("open", opened);
    path.setAttribute("d", opened ? PATHS.close : PATHS.ask);
    label.textContent = opened ? "Close" : lost ? "Ask us in a new tab" : "Ask us";
    if (frame) frame.hidden = !opened;
  }
  function load() {
    frame = document.createElement("iframe");
    frame.title = `Chat with ${chat.name}`;
    frame.src = chat.panel;
    root.prepend(frame);
    const late = setTimeout(() => {
      frame.remove();
      frame = undefined;
      lost = true;
      close();
    }, READY_WITHIN);
    frame.addEventListener("ready", () => clearTimeout(late), { once: true });
  }
  function open({ focus = true } = {}) {
    if (lost) return window.open(chat.page, "_blank", "noopener");
    opened = true;
    wanted = focus ? "opened" : "shown";
    if (frame) tell(wanted);
    else load();
    mark(false);
    show();
    remember(true);
  }
  function close() {
    opened = false;
    show();
    remember(false);
    tell("closed");
    button.focus();
  }
  function mark(unread) {
    button.classList.toggle("news", unread);
    news.textContent = unread ? `${chat.name} has answered in the chat` : "";
  }
  button.addEventListener("click", () => (opened ? close() : open()));
  root.addEventListener("keydown", (event) => event.key === "Escape" && opened && close());
  addEventListener("message", ({ source, origin, data }) => {
    if (!frame || source !== frame.contentWindow || origin !== new URL(chat.panel).origin) return;
    if (data?.chat === "ready") {
      frame.dispatchEvent(new Event("ready"));
      tell(opened ? wanted : "closed");
    } else if (data?.chat === "close") close();
    else if (data?.chat === "news" && !opened) mark(true);
  });

  show();
  const place = () => {
    document.body.append(host);
    if (remembered() && innerWidth >= 768) open({ focus: false });
  };
  if (document.body) place();
  else addEventListener("DOMContentLoaded", place);
};
