// The connection of one page to its board. It is honest: "live" only after a ping, "stale" with the moment since when.
import { backoff } from "./backoff.js";

/** The server pings every 15 s; silence longer than this means that the connection is dead, whatever TCP believes. */
export const SILENCE_MS = 20_000;
const WATCH_MS = 1_000;
const EVENTS = ["state", "update-chart", "patch", "ping", "gone"];

/**
 * Follows `url` from `version` on and comes back by itself after every kind of loss.
 *
 * `onEvent(name, data)` is called for each event in order; where it throws, the page is asked for again as a whole.
 * `onStatus(status, since)` with "live", "catching-up", "stale" (since epoch ms) or "gone".
 *
 * EventSource's own retry is not used: it gives up for good on a 502, and never tells a slow connect from a dead one.
 */
export class LiveStream {
  #url;
  #onEvent;
  #onStatus;
  #source = null;
  #opened = false;
  #retry = null;
  #watch = null;
  #attempt = 0;
  #heard = Date.now(); // last sign of life of this connection
  #current = Date.now(); // until when the page is known to be up to date

  constructor({ url, version, onEvent, onStatus }) {
    this.#url = url;
    this.version = version;
    this.status = "catching-up";
    this.#onEvent = onEvent;
    this.#onStatus = onStatus;
  }

  /** Connects now, whatever was under way. */
  connect() {
    if (this.status === "gone") return;
    this.#release();
    this.#heard = Date.now();
    this.#opened = false;
    const source = new EventSource(this.#address());
    source.onopen = () => this.#open();
    source.onerror = () => this.#lost();
    for (const name of EVENTS) source.addEventListener(name, (event) => this.#receive(name, event));
    this.#source = source;
    this.#listen();
  }

  /** Lets the connection go without a word, for a page that nobody sees. */
  pause() {
    this.#release();
  }

  /** Connects anew at once, where connected or about to be: the network changed. */
  hurry() {
    if (this.#source || this.#retry) this.connect();
  }

  /** Connects unless connected. */
  resume() {
    if (this.#source || this.status === "gone") return;
    this.#attempt = 0;
    this.#say("catching-up");
    this.connect();
  }

  #address() {
    const join = this.#url.includes("?") ? "&" : "?";
    return `${this.#url}${join}version=${encodeURIComponent(this.version)}`;
  }

  #release() {
    clearTimeout(this.#retry);
    clearTimeout(this.#watch);
    this.#source?.close();
    this.#source = this.#retry = this.#watch = null;
  }

  #open() {
    this.#opened = true;
    this.#heard = Date.now();
    this.#say("catching-up");
  }

  #receive(name, event) {
    this.#heard = Date.now();
    try {
      this.#onEvent(name, JSON.parse(event.data));
    } catch {
      this.#resynchronise();
      return;
    }
    if (event.lastEventId) this.version = event.lastEventId;
    if (name === "gone") this.#end();
    else if (name === "ping") this.#live();
    else if (this.status === "live") this.#current = Date.now();
  }

  #live() {
    this.#attempt = 0;
    this.#current = Date.now();
    this.#say("live");
  }

  #end() {
    this.#release();
    this.#say("gone");
  }

  /** An event that could not be shown leaves the page in doubt: an unknown version makes the server send it whole. */
  #resynchronise() {
    this.version = "";
    this.#lost();
  }

  /** Looks at the clock again and again rather than once: timers stand still while a laptop sleeps. */
  #listen() {
    if (Date.now() - this.#heard > SILENCE_MS) this.#lost({ silent: true });
    else this.#watch = setTimeout(() => this.#listen(), WATCH_MS);
  }

  #lost({ silent = false } = {}) {
    const brief = this.#opened && !silent;
    this.#release();
    this.#say(brief && this.status !== "stale" ? "catching-up" : "stale");
    this.#retry = setTimeout(() => this.connect(), backoff(this.#attempt));
    this.#attempt += 1;
  }

  #say(status) {
    if (status === this.status) return;
    this.status = status;
    this.#onStatus(status, this.#current);
  }
}
