
"use strict";
// Copies, chooses the system, and writes the name on the servers into the blocks; loads nothing.
(() => {
  const said = document.getElementById("said");
  const say = (text) => { said.textContent = ""; requestAnimationFrame(() => { said.textContent = text; }); };

  const select = (pre) => {
    const range = document.createRange();
    range.selectNodeContents(pre);
    const selection = getSelection();
    selection.removeAllRanges();
    selection.addRange(range);
  };
  const copy = async (pre) => {
    try {
      await navigator.clipboard.writeText(pre.textContent);
      return true;
    } catch {
      select(pre);
      return document.execCommand("copy");
    }
  };
  for (const box of document.querySelectorAll(".copied")) {
    const pre = box.querySelector("pre");
    const button = box.querySelector("button");
    button.hidden = false;
    button.addEventListener("click", async () => {
      const done = await copy(pre);
      say(done ? "Copied." : "The text is selected: copy it by the keyboard.");
      button.textContent = done ? "Copied" : "Selected";
      button.addEventListener("blur", () => { button.textContent = "Copy"; }, { once: true });
    });
  }

  // An Intel Mac calls itself like any other: both are told of, and the newer one is opened.
  const told = `${navigator.userAgentData?.platform ?? ""} ${navigator.platform}`.toLowerCase();
  const own = told.includes("win") ? "windows" : told.includes("mac") ? "macos" : "linux";
  const systems = [...document.querySelectorAll("details.system")];
  const chosen = systems.find((it) => it.dataset.system === own);
  if (chosen) for (const it of systems) it.open = it === chosen;

  const field = document.getElementById("user");
  if (!field) return;
  field.closest(".field").hidden = false;
  const blocks = [...document.querySelectorAll("pre.config")].map((pre) => [pre, pre.textContent]);
  const fits = /^[A-Za-z0-9_][A-Za-z0-9_.@+-]{0,63}$/;
  field.addEventListener("input", () => {
    const name = field.value.trim();
    const wrong = name !== "" && !fits.test(name);
    field.setAttribute("aria-invalid", String(wrong));
    document.getElementById("user-wrong").textContent =
      wrong ? "Letters, digits, dots and hyphens only: the part before the @." : "";
    for (const [pre, text] of blocks) {
      pre.textContent = name && !wrong ? text.replace(/^Host .*$/gm, (line) => `${line}\n  User ${name}`) : text;
    }
  });
})();
