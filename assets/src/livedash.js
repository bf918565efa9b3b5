// The one script of a page: htmx for forms and fragments, the live stream, charts, keys.
import htmx from "htmx.org/dist/htmx.esm.js";
import { charts, scan } from "./charts.js";
import { follow } from "./page.js";
import { bindCopyButtons } from "./copy.js";
import { bindKeys } from "./keys.js";
import { bindParts } from "./parts.js";
import { bindThemeButton } from "./theme-button.js";

function start() {
  bindThemeButton();
  bindKeys();
  bindCopyButtons();
  bindParts();
  scan(document);
  document.addEventListener("htmx:after:swap", () => scan(document));
  const main = document.querySelector("main[data-live]");
  const stream = main ? follow(main, htmx) : null;
  // A handle for embedders and tests; nothing of ours reads it.
  window.livedash = Object.freeze({ charts, stream });
}

// The script is deferred: the document is parsed, but not yet interactive for others.
start();
