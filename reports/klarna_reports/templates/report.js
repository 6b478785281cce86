"use strict";
// Conveniences; everything but filter and explorer works without this script.
(() => {
  const copy = async (text) => {
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      const area = document.createElement("textarea");
      area.value = text;
      document.body.append(area);
      area.select();
      document.execCommand("copy");
      area.remove();
    }
  };

  const copyButton = (label, text) => {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "copy";
    button.textContent = label;
    const status = document.createElement("span");
    status.setAttribute("role", "status");
    status.className = "away";
    button.addEventListener("click", async () => {
      await copy(typeof text === "function" ? text() : text);
      button.textContent = "Copied";
      status.textContent = "Copied";
      setTimeout(() => {
        button.textContent = label;
        status.textContent = "";
      }, 2000);
    });
    const both = document.createDocumentFragment();
    both.append(button, status);
    return both;
  };

  // A browser opens a closed <details> around a link's target, but not a sibling of the target.
  const reveal = () => {
    let place = null;
    try {
      place = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    } catch {
      return;
    }
    for (let around = place; around; around = around.parentElement) {
      if (around.tagName === "DETAILS") around.open = true;
    }
    if (place) place.scrollIntoView();
  };

  for (const pre of document.querySelectorAll("pre.copied")) {
    const heading = pre.previousElementSibling;
    (heading?.tagName === "H4" ? heading : pre).before(copyButton("Copy", pre.textContent));
  }
  addEventListener("hashchange", reveal);
  if (location.hash && !location.hash.startsWith("#explore?")) reveal();
  addEventListener("beforeprint", () => {
    for (const each of document.querySelectorAll(".operation, .consequences, .legend, .card, .part")) each.open = true;
  });
  globalThis.klarnaReport = { copy, copyButton };
})();
