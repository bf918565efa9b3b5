// Keys, as Grafana has them: `?` for help, `d` then `k` for kiosk.
const SEQUENCE_MS = 1_500;

export function bindKeys() {
  const help = document.querySelector("#help");
  document.querySelector("[data-open-help]")?.addEventListener("click", () => help.showModal());
  let before = null;
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey || isTyping(event.target)) return;
    const now = performance.now();
    if (event.key === "?") help?.showModal();
    if (event.key === "k" && before?.key === "d" && now - before.at < SEQUENCE_MS) toggleKiosk();
    before = { key: event.key, at: now };
  });
}

function isTyping(element) {
  return element.matches?.("input, textarea, select, [contenteditable]");
}

/** The address follows, so that it can be put on a screen as it is. */
function toggleKiosk() {
  const on = document.documentElement.classList.toggle("kiosk");
  const url = new URL(location.href);
  if (on) url.searchParams.set("kiosk", "1");
  else url.searchParams.delete("kiosk");
  history.replaceState(history.state, "", url);
}
