// `/static/livedash.js`: follows a pipeline from a page of another site. At most 2,048 bytes once built.

const SILENCE_MS = 45_000; // we ask for a ping after 30 s of silence: longer than this and the connection is dead
const WATCH_MS = 1_000;
const THROTTLED_MS = 90_000; // the server may send us away for about so long, and then silence is no sign
const HIDDEN_MS = 10_000; // browsers have six connections for an origin: a page that nobody sees gives its one back
const FIRST_MS = 1_000;
const LONGEST_MS = 30_000;
const REFUSED = [204, 400, 401, 403, 404, 410, 422]; // asking again would be answered the same

/**
 * Follows the stream at `url`, over every loss, until it is gone or closed. The handlers, each optional:
 *
 * `record(record, cursor)` for each record, `gap({from, to, reason}, cursor)` for records that exist no more, and
 * `state(name, detail)` with "live", "waiting" (being throttled as detail, if that is why), "hidden" or "gone" (what the
 * server said as detail, or the `status` it refused with). Returns `{cursor, close()}`.
 */
export function follow(url, { record, gap, state } = {}) {
  const address = new URL(url, document.baseURI);
  const query = address.searchParams;
  const over = new AbortController();
  let cursor = query.get("last_event_id");
  let attempt = 0;
  let source, heard, said, watch, retry, hiding;

  const say = (name, detail) => {
    if (name !== said || detail) state?.((said = name), detail);
  };

  const release = () => {
    clearInterval(watch);
    clearTimeout(retry);
    source?.close();
    source = null;
  };

  const close = () => {
    release();
    clearTimeout(hiding);
    over.abort();
  };

  const end = (detail) => {
    close();
    say("gone", detail);
  };

  const open = () => {
    release();
    if (over.signal.aborted) return; // closed by the handler that was told why we open again
    if (cursor) query.set("last_event_id", cursor);
    source = new EventSource(address);
    heard = Date.now();
    // Looks at the clock again and again rather than once: timers stand still while a laptop sleeps.
    watch = setInterval(() => {
      if (Date.now() - heard > SILENCE_MS) {
        say("waiting");
        open();
      }
    }, WATCH_MS);

    const on = (name, act) => {
      source.addEventListener(name, ({ data, lastEventId }) => {
        heard = Date.now();
        act(data && JSON.parse(data), lastEventId);
      });
    };
    on("open", () => {
      attempt = 0;
    });
    on("message", (data, id) => {
      const [epoch, offset] = id.split("-");
      const [same, seen] = cursor?.split("-") ?? [];
      if (epoch === same && +offset <= +seen) return;
      say("live");
      cursor = id; // before the handler, which may throw: EventSource too resumes behind it
      record?.(data, id);
    });
    on("gap", (data, id) => {
      say("live");
      cursor = id; // it may lie before what we had
      gap?.(data, id);
    });
    on("ping", (_, id) => {
      say("live"); // there is one at once when we are let in
      cursor = id;
    });
    on("throttled", (data) => {
      heard += THROTTLED_MS;
      say("waiting", data);
    });
    on("gone", end);
    source.onerror = () => {
      say("waiting");
      if (source?.readyState === EventSource.CLOSED) probe(source); // else it comes back by itself
    };
  };

  /** EventSource has given up and does not tell why, but the same address does. */
  const probe = async (failed) => {
    heard = Date.now();
    const { status } = await fetch(address, { method: "HEAD", cache: "no-store" }).catch(() => ({}));
    if (failed !== source) return; // closed, hidden or opened again meanwhile
    if (REFUSED.includes(status)) end({ status });
    else retry = setTimeout(open, Math.min(LONGEST_MS, FIRST_MS * 2 ** attempt++) * (0.5 + Math.random() / 2));
  };

  const hide = () => {
    release();
    say("hidden");
  };

  const look = () => {
    clearTimeout(hiding);
    if (document.hidden) hiding = setTimeout(hide, HIDDEN_MS);
    else if (!source) open();
  };

  const { signal } = over;
  document.addEventListener("visibilitychange", look, { signal });
  addEventListener("pagehide", hide, { signal }); // a page that holds a connection is not kept for going back to
  addEventListener("pageshow", look, { signal });
  addEventListener("online", () => source && open(), { signal }); // what was open before is most likely dead
  query.set("ping", 1);
  open();
  look(); // a page may be opened in a hidden tab
  return {
    get cursor() {
      return cursor;
    },
    close,
  };
}
