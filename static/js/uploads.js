// Files of public forms: input[type=file][data-upload="address"] sends each file at once, one after the other, with a
// row that shows how far it is. Without JavaScript the files go with the form.
(() => {
  const { $, $$, on, HEADERS, announce, say, applyAnswer, uploads } = PublicForm;

  let queue = Promise.resolve();

  const sizeWords = (bytes) => (bytes < 999500 ? `${Math.ceil(bytes / 1000)} kB` : `${(bytes / 1e6).toFixed(1)} MB`);
  function newRow(input, file) {
    const row = $("#upload-row").content.firstElementChild.cloneNode(true);
    $$("[data-name]", row).forEach((name) => (name.textContent = file.name));
    $("[data-size]", row).textContent = sizeWords(file.size);
    const list = document.getElementById(input.dataset.uploads) ?? input.closest("label, .drop") ?? input;
    if (list.matches(".uploads")) list.append(row);
    else list.after(row);
    return row;
  }
  function showProgress(row, file, sent) {
    const percent = file.size ? Math.round((100 * sent) / file.size) : 100;
    $("[data-size]", row).textContent = `${sizeWords(sent)} of ${sizeWords(file.size)}`;
    $(".meter", row).setAttribute("aria-label", `${file.name}: ${percent}%`);
    $(".meter rect:last-child", row).setAttribute("width", `${percent}%`);
  }
  /** `again` is what the button then does; without it the file was refused and the row can only be taken away. */
  function showFailure(row, text, again) {
    uploads.delete(row);
    row.classList.add("failed");
    $("[data-size]", row).textContent = text;
    $("[data-verb]", row).textContent = again ? "Try again" : "Take away";
    $("[data-stop]", row).onclick = again ?? (() => row.remove());
    announce(`${$("[data-name]", row).textContent}: ${text}`);
  }
  function showDone(row, answer) {
    uploads.delete(row);
    // parsed apart from the page, so that nothing in it can run
    const page = new DOMParser().parseFromString(answer.html ?? "", "text/html");
    row.replaceWith(...page.body.childNodes);
    announce("File received");
    applyAnswer(answer);
  }
  function send(input, file, row) {
    return new Promise((finish) => {
      if (!uploads.has(row)) return finish(); // stopped while it waited
      const request = new XMLHttpRequest();
      const data = new FormData();
      data.append(input.name || "file", file);
      request.open("POST", input.dataset.upload);
      for (const [name, value] of Object.entries(HEADERS)) request.setRequestHeader(name, value);
      request.responseType = "json";
      request.upload.onprogress = (event) => showProgress(row, file, Math.min(event.loaded, file.size));
      $("[data-stop]", row).onclick = () => {
        request.abort();
        uploads.delete(row);
        row.remove();
      };
      const again = () => {
        row.remove();
        start(input, file);
      };
      request.onload = () => {
        const answer = request.response ?? {};
        if (request.status < 300) showDone(row, answer);
        else if (request.status < 500) showFailure(row, answer.error ?? "This file was not accepted.");
        else showFailure(row, answer.error ?? "The file could not be kept.", again);
      };
      request.onerror = () => showFailure(row, "The connection was lost.", again);
      request.onloadend = finish;
      request.send(data);
    });
  }
  function start(input, file) {
    const row = newRow(input, file);
    const limit = Number(input.dataset.max);
    if (limit && file.size > limit) {
      showFailure(row, `${sizeWords(file.size)}, the limit is ${sizeWords(limit)}.`);
      return;
    }
    uploads.add(row);
    $("[data-stop]", row).onclick = () => {
      uploads.delete(row);
      row.remove();
    };
    queue = queue.then(() => send(input, file, row));
  }
  on("change", "input[type=file][data-upload]", (_, input) => {
    [...input.files].forEach((file) => start(input, file));
    input.value = ""; // sent already: the submit must not send them again
  });
  on("click", "[data-remove]", async (event, button) => {
    event.preventDefault();
    try {
      const response = await fetch(button.dataset.remove, { method: "DELETE", headers: HEADERS });
      if (!response.ok) throw new Error(response.status);
      button.closest("[data-upload-row]").remove();
      announce("File removed");
      applyAnswer(await response.json().catch(() => ({})));
    } catch {
      announce("The file could not be removed. Try again.");
      say("The file could not be removed. Try again.");
    }
  });

  // ── drop zone: a dropped file is a chosen file ──
  for (const type of ["dragenter", "dragover", "dragleave", "drop"]) {
    on(type, "[data-drop]", (event, zone) => {
      event.preventDefault();
      zone.classList.toggle("over", type === "dragenter" || type === "dragover");
      const input = $("input[type=file]", zone);
      if (type !== "drop" || !event.dataTransfer.files.length || !input) return;
      input.files = event.dataTransfer.files;
      input.dispatchEvent(new Event("change", { bubbles: true }));
    });
  }
})();
