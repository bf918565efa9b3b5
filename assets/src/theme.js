// Runs before the first paint, so that a chosen theme never flashes. A theme in the address comes from the server
// as data-theme and wins.
const root = document.documentElement;
root.classList.add("js");
try {
  const saved = localStorage.getItem("livedash-theme");
  if (!root.dataset.theme && (saved === "light" || saved === "dark")) root.dataset.theme = saved;
} catch {
  // Storage may be forbidden, in an iframe for instance: then the system decides.
}
