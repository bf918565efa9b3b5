const NEXT = { auto: "light", light: "dark", dark: "auto" };
const root = document.documentElement;

/** The button goes round auto, light, dark; the choice stays in this browser. */
export function bindThemeButton() {
  const button = document.querySelector("[data-theme-button]");
  if (!button) return;
  label(button);
  button.addEventListener("click", () => {
    choose(NEXT[root.dataset.theme ?? "auto"]);
    label(button);
  });
}

function choose(theme) {
  if (theme === "auto") delete root.dataset.theme;
  else root.dataset.theme = theme;
  try {
    localStorage.setItem("livedash-theme", theme);
  } catch {
    // Forbidden storage: the choice lasts as long as the page.
  }
  document.dispatchEvent(new CustomEvent("livedash:theme"));
}

function label(button) {
  button.querySelector("[data-text]").textContent = `Theme: ${root.dataset.theme ?? "auto"}`;
}
