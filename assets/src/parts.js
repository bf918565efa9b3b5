// Parts of a page that ask for themselves again and again, and say so when nobody answers.

const AWAY = "away";

/** Puts a notice into a part that could not be fetched, until it is again: also when nothing of it has changed. */
export function bindParts() {
  for (const failed of ["htmx:error", "htmx:response:error"]) {
    document.addEventListener(failed, ({ target }) => {
      if (target.matches?.(".part") && !target.querySelector(`.${AWAY}`)) target.prepend(notice());
    });
  }
  document.addEventListener("htmx:after:request", ({ target, detail }) => {
    if (detail.ctx.response.status < 400) target.querySelector?.(`.${AWAY}`)?.remove();
  });
}

function notice() {
  const said = document.createElement("p");
  said.className = `notice ${AWAY}`;
  said.setAttribute("role", "alert");
  said.textContent = `Livedash does not answer. This is how it was at ${new Date().toLocaleTimeString()}.`;
  return said;
}
