// The command palette: commands come with the page, orders and people from {base}/search while typing.
(() => {
  const { $, $$, on, toggleTheme, openDialog } = Backdesk;
  const SEARCH_FROM = 2; // characters
  const SEARCH_AFTER = 120; // ms

  const palette = () => $("#palette");
  const query = () => $("#palette input");
  const options = () => $$("[role=option]", palette()).filter((option) => !option.closest("[hidden]"));
  let timer;
  let searching = false;

  function selectOption(option) {
    $$("[role=option]", palette()).forEach((other) => other.setAttribute("aria-selected", other === option));
    if (!option) return query().removeAttribute("aria-activedescendant");
    query().setAttribute("aria-activedescendant", option.id);
    option.scrollIntoView({ block: "nearest" });
  }
  /** Commands are filtered here; what the server found stays as it is. */
  function filterCommands() {
    const words = query().value.toLowerCase().split(/\s+/).filter(Boolean);
    const groups = $$("#palette-list > [role=group]");
    for (const group of groups) {
      const commands = $$("[role=option]", group);
      commands.forEach((option) => {
        const text = $(".lab", option).textContent.toLowerCase();
        const nothingNew = option.dataset.action === "#new" && !$("[data-new]");
        option.hidden = nothingNew || !words.every((word) => text.includes(word));
      });
      group.hidden = commands.every((option) => option.hidden);
    }
    showResult();
  }
  function showResult() {
    const list = options();
    $(".empty", palette()).hidden = searching || list.length > 0;
    selectOption(list[0]);
  }
  async function search(text) {
    const found = "#palette-found";
    const address = `${document.body.dataset.base}/search?q=${encodeURIComponent(text)}`;
    try {
      await htmx.ajax("GET", address, { source: found, target: found, swap: "innerHTML" });
    } finally {
      if (query().value.trim() === text) {
        searching = false;
        showResult();
      }
    }
  }
  function typed() {
    const text = query().value.trim();
    clearTimeout(timer);
    searching = text.length >= SEARCH_FROM;
    if (searching) timer = setTimeout(() => search(text), SEARCH_AFTER);
    else $("#palette-found").replaceChildren();
    filterCommands();
  }
  function openPalette() {
    query().value = "";
    typed();
    palette().showModal();
    query().focus();
  }
  function runOption(option) {
    if (!option) return;
    const { href, action } = option.dataset;
    palette().close();
    if (action === "#theme") toggleTheme();
    else if (action === "#new") $("[data-new]")?.click();
    else if (action) openDialog(action);
    else location.assign(href);
  }

  on("click", "[data-palette]", openPalette);
  on("click", "#palette [role=option]", (_, option) => runOption(option));
  on("input", "#palette input", typed);
  on("keydown", "#palette", (event) => {
    const list = options();
    const at = list.findIndex((option) => option.getAttribute("aria-selected") === "true");
    const step = { ArrowDown: 1, ArrowUp: list.length - 1 }[event.key];
    if (step && list.length) selectOption(list[(at + step) % list.length]);
    else if (event.key === "Enter") runOption(list[at]);
    else return;
    event.preventDefault();
  });

  Object.assign(Backdesk, { openPalette });
})();
