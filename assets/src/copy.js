/** `button[data-copy="#id"]` copies the text of that element and says so for a moment. */
export function bindCopyButtons() {
  document.addEventListener("click", async (event) => {
    const button = event.target.closest?.("button[data-copy]");
    if (!button) return;
    const source = document.querySelector(button.dataset.copy);
    say(button, (await copy(source)) ? "Copied" : "Press Ctrl+C to copy");
  });
}

async function copy(source) {
  try {
    await navigator.clipboard.writeText(source.textContent);
    return true;
  } catch {
    // No clipboard over plain HTTP on another host: select the text, so that the keys do it.
    getSelection().selectAllChildren(source);
    return false;
  }
}

function say(button, text) {
  button.dataset.label ??= button.textContent;
  button.textContent = text;
  setTimeout(() => {
    button.textContent = button.dataset.label;
  }, 2_000);
}
