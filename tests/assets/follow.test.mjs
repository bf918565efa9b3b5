// The helper for other people's pages, against an EventSource that the test drives and a clock that it turns.
import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";
import { follow } from "../../assets/src/follow.js";

class Source extends EventTarget {
  static CLOSED = 2;
  static all = [];
  readyState = 0;

  constructor(address) {
    super();
    this.url = new URL(address);
    Source.all.push(this);
  }

  close() {
    this.readyState = Source.CLOSED;
  }

  /** As a browser does: what was closed hears nothing. */
  send(name, data, lastEventId = "") {
    if (this.readyState === Source.CLOSED) return;
    const text = data === undefined ? undefined : JSON.stringify(data);
    this.dispatchEvent(Object.assign(new Event(name), { data: text, lastEventId }));
  }

  open() {
    this.readyState = 1;
    this.send("open");
  }

  /** The server says so by a ping, as soon as it lets somebody in. */
  letIn() {
    this.open();
    this.send("ping", {}, this.url.searchParams.get("last_event_id") ?? "a-0");
  }

  record(offset, epoch = "a") {
    this.send("message", { offset }, `${epoch}-${offset}`);
  }

  /** The connection is lost, and the browser comes back by itself. */
  lose() {
    this.readyState = 0;
    this.onerror();
  }

  /** The browser gives up. */
  async fail() {
    this.readyState = Source.CLOSED;
    this.onerror();
    await settled();
  }
}

const URL_ = "https://livedash.example/api/pipelines/w/stream?token=t";
const LONGEST_MS = 30_000;
const HIDDEN_MS = 10_000;
const SILENCE_MS = 45_000;

const newest = () => Source.all.at(-1);
const settled = () => new Promise(setImmediate);

let said;
let page; // what `window` and `document` are elsewhere
let status; // of the answer to HEAD; null when there is none
let asked;

function start(url = URL_, more = {}) {
  const note = (name) => (first, second) => said.push([name, first, second]);
  return follow(url, { record: note("record"), gap: note("gap"), state: note("state"), ...more });
}

function hide(hidden) {
  document.hidden = hidden;
  document.dispatchEvent(new Event("visibilitychange"));
}

const states = () => said.filter(([what]) => what === "state").map(([, name, detail]) => (detail ? [name, detail] : name));
const records = () => said.filter(([what]) => what === "record").map(([, record, cursor]) => [record.offset, cursor]);
const resumedFrom = () => newest().url.searchParams.get("last_event_id");

beforeEach(() => {
  mock.timers.enable({ apis: ["setTimeout", "setInterval", "Date"], now: 1_000_000 });
  page = new EventTarget();
  globalThis.addEventListener = page.addEventListener.bind(page);
  globalThis.document = Object.assign(new EventTarget(), { hidden: false, baseURI: "https://shop.example/offers/" });
  globalThis.EventSource = Source;
  globalThis.fetch = async (address, options) => {
    asked.push([String(address), options.method]);
    if (status === null) throw new TypeError("network");
    return { status };
  };
  Source.all = [];
  said = [];
  asked = [];
  status = null;
});

afterEach(() => mock.timers.reset());

test("asks for pings, and keeps what the address says", () => {
  const stream = start(`${URL_}&since=tail%3D5&where=data.a%20%3E%201`);
  const given = Object.fromEntries(newest().url.searchParams);
  assert.deepEqual(given, { token: "t", since: "tail=5", where: "data.a > 1", ping: "1" });
  assert.equal(stream.cursor, null);
});

test("an address may be relative to the page, and hold a cursor", () => {
  const stream = start("/stream?last_event_id=a-7");
  assert.equal(newest().url.origin, "https://shop.example");
  assert.equal(stream.cursor, "a-7");
  newest().record(7);
  newest().record(8);
  assert.deepEqual(records(), [[8, "a-8"]]);
});

test("hands on records and gaps with their cursors", () => {
  const stream = start();
  newest().letIn();
  newest().record(1);
  newest().send("gap", { from: 2, to: 3, reason: "trimmed" }, "a-3");
  newest().record(4);
  assert.deepEqual(said, [
    ["state", "live", undefined],
    ["record", { offset: 1 }, "a-1"],
    ["gap", { from: 2, to: 3, reason: "trimmed" }, "a-3"],
    ["record", { offset: 4 }, "a-4"],
  ]);
  assert.equal(stream.cursor, "a-4");
});

test("handlers may be left out", async () => {
  follow(URL_);
  newest().letIn();
  newest().record(1);
  newest().send("gap", {}, "b-0");
  newest().send("gone", { reason: "deleted" });
  assert.equal(newest().readyState, Source.CLOSED);
});

test("a record seen already is skipped, by number and within its epoch", () => {
  start();
  for (const offset of [9, 10, 9, 10, 11]) newest().record(offset);
  newest().send("gap", { from: 12, to: null, reason: "epoch" }, "b-0");
  newest().record(2, "b");
  newest().record(1, "c");
  assert.deepEqual(records(), [
    [9, "a-9"],
    [10, "a-10"],
    [11, "a-11"],
    [2, "b-2"],
    [1, "c-1"],
  ]);
});

test("after a restored backup the numbers come once more", () => {
  start();
  newest().record(9);
  newest().send("gap", { from: 6, to: null, reason: "ahead" }, "a-5");
  newest().record(6);
  assert.deepEqual(records().at(-1), [6, "a-6"]);
});

test("a ping brings the cursor on", () => {
  const stream = start();
  newest().record(1);
  newest().send("ping", { now: 1, cursor: "a-500" }, "a-500");
  assert.equal(stream.cursor, "a-500");
});

test("silence is a dead connection: opened again from the cursor", () => {
  start();
  newest().letIn();
  newest().record(3);
  mock.timers.tick(SILENCE_MS - 1_000);
  newest().send("ping", {}, "a-3");
  mock.timers.tick(SILENCE_MS);
  assert.equal(Source.all.length, 1);
  mock.timers.tick(1_000);
  assert.equal(Source.all.length, 2);
  assert.equal(Source.all[0].readyState, Source.CLOSED);
  assert.equal(resumedFrom(), "a-3");
  assert.deepEqual(states(), ["live", "waiting"]);
});

test("a connect that hangs is tried again", () => {
  start();
  mock.timers.tick(SILENCE_MS + 1_000);
  assert.equal(Source.all.length, 2);
});

test("what the browser brings back by itself is left to it", () => {
  start();
  newest().letIn();
  newest().lose();
  mock.timers.tick(LONGEST_MS);
  newest().letIn();
  assert.equal(Source.all.length, 1);
  assert.deepEqual(states(), ["live", "waiting", "live"]);
  assert.deepEqual(asked, []);
});

test("who is throttled waits as long as the server says", () => {
  start();
  newest().open();
  newest().send("throttled", { reason: "opens", detail: "…" });
  newest().lose();
  mock.timers.tick(100_000);
  assert.equal(Source.all.length, 1);
  assert.deepEqual(states(), [["waiting", { reason: "opens", detail: "…" }]]);
  mock.timers.tick(SILENCE_MS);
  assert.equal(Source.all.length, 2);
});

test("who is throttled when it comes back hears why", () => {
  start();
  newest().letIn();
  newest().lose();
  newest().send("throttled", { reason: "connections", detail: "…" });
  newest().lose();
  assert.deepEqual(states(), ["live", "waiting", ["waiting", { reason: "connections", detail: "…" }]]);
});

for (const each of [null, 200, 429, 500, 502, 503]) {
  test(`given up by the browser, it is tried again after ${each ?? "no answer"}`, async () => {
    status = each;
    start();
    newest().record(2);
    await newest().fail();
    assert.deepEqual(asked, [[String(Source.all[0].url), "HEAD"]]);
    mock.timers.tick(1_000);
    assert.equal(Source.all.length, 2);
    assert.equal(resumedFrom(), "a-2");
    assert.deepEqual(states(), ["live", "waiting"]);
  });
}

test("the waits grow up to 30 s, with jitter, and are short again after a connect", async () => {
  start();
  for (let i = 0; i < 12; i++) {
    await newest().fail();
    mock.timers.tick(LONGEST_MS);
  }
  assert.equal(Source.all.length, 13);
  await newest().fail();
  mock.timers.tick(LONGEST_MS / 2 - 1);
  assert.equal(Source.all.length, 13);
  mock.timers.tick(LONGEST_MS / 2 + 1);
  mock.timers.tick(SILENCE_MS - 1_000);
  await newest().fail(); // after it hung for long: the wait is no shorter for that
  mock.timers.tick(LONGEST_MS / 2 - 1);
  assert.equal(Source.all.length, 14);
  mock.timers.tick(LONGEST_MS / 2 + 1);
  newest().letIn();
  await newest().fail();
  mock.timers.tick(1_000);
  assert.equal(Source.all.length, 16);
});

for (const [random, wait] of [
  [0, 500],
  [1, 1_000],
]) {
  test(`the first wait is ${wait} ms when chance is ${random}`, async (context) => {
    context.mock.method(Math, "random", () => random);
    start();
    await newest().fail();
    mock.timers.tick(wait - 1);
    assert.equal(Source.all.length, 1);
    mock.timers.tick(1);
    assert.equal(Source.all.length, 2);
  });
}

for (const each of [204, 400, 401, 403, 404, 410, 422]) {
  test(`${each} is for good`, async () => {
    status = each;
    start();
    await newest().fail();
    assert.deepEqual(states(), ["waiting", ["gone", { status: each }]]);
    nothingMore();
  });
}

test("gone is for good", () => {
  start();
  newest().letIn();
  newest().send("gone", { reason: "revoked", detail: "…" });
  assert.deepEqual(states(), ["live", ["gone", { reason: "revoked", detail: "…" }]]);
  nothingMore();
});

test("closed is for good, and without a word", async () => {
  const stream = start();
  newest().letIn();
  stream.close();
  assert.deepEqual(states(), ["live"]);
  nothingMore();
});

test("closed while it asks why, or waits, or is hidden", async () => {
  for (const before of [() => {}, settled, () => hide(true)]) {
    const stream = start();
    newest().fail();
    await before();
    stream.close();
    await settled();
    nothingMore();
    document.hidden = false;
  }
});

test("closed by the handler that hears of the loss", () => {
  for (const lose of [() => mock.timers.tick(SILENCE_MS + 1_000), () => newest().fail()]) {
    const stream = start(URL_, { state: () => stream.close() });
    lose();
    nothingMore();
  }
  assert.deepEqual(asked, []);
});

/** Neither time nor the page opens anything again, nor is anything said. */
function nothingMore() {
  const [opened, before] = [Source.all.length, said.length];
  for (const hidden of [true, false]) {
    hide(hidden);
    for (const name of ["pagehide", "pageshow", "online"]) page.dispatchEvent(new Event(name));
    mock.timers.tick(600_000);
  }
  assert.equal(Source.all.length, opened);
  assert.equal(said.length, before);
  assert.equal(newest().readyState, Source.CLOSED);
}

test("a page that nobody sees lets go after a while; seen again it goes on from the cursor", () => {
  start();
  newest().letIn();
  newest().record(4);
  hide(true);
  mock.timers.tick(HIDDEN_MS - 1);
  assert.notEqual(newest().readyState, Source.CLOSED);
  mock.timers.tick(1);
  assert.equal(newest().readyState, Source.CLOSED);
  mock.timers.tick(600_000);
  assert.equal(Source.all.length, 1);
  hide(false);
  assert.equal(Source.all.length, 2);
  assert.equal(resumedFrom(), "a-4");
  newest().letIn();
  assert.deepEqual(states(), ["live", "hidden", "live"]);
});

test("a glance elsewhere keeps the connection", () => {
  start();
  hide(true);
  mock.timers.tick(HIDDEN_MS - 1);
  hide(false);
  mock.timers.tick(HIDDEN_MS);
  assert.equal(Source.all.length, 1);
  assert.notEqual(newest().readyState, Source.CLOSED);
});

test("hidden while it is tried again, it still lets go", async () => {
  start();
  hide(true);
  await newest().fail();
  mock.timers.tick(HIDDEN_MS);
  mock.timers.tick(600_000);
  assert.equal(newest().readyState, Source.CLOSED);
  assert.equal(states().at(-1), "hidden");
});

test("hidden before it is tried again, it is not", async () => {
  start();
  await newest().fail();
  page.dispatchEvent(new Event("pagehide"));
  mock.timers.tick(LONGEST_MS);
  assert.equal(Source.all.length, 1);
});

test("opened in a hidden tab, it lets go", () => {
  document.hidden = true;
  start();
  mock.timers.tick(HIDDEN_MS);
  assert.equal(newest().readyState, Source.CLOSED);
});

test("a page kept for going back holds no connection, and goes on when shown", () => {
  start();
  newest().record(5);
  page.dispatchEvent(new Event("pagehide"));
  assert.equal(newest().readyState, Source.CLOSED);
  page.dispatchEvent(new Event("pageshow"));
  assert.equal(Source.all.length, 2);
  assert.equal(resumedFrom(), "a-5");
});

test("an answer to what was asked before hiding changes nothing", async () => {
  status = 404;
  start();
  newest().fail();
  page.dispatchEvent(new Event("pagehide"));
  await settled();
  assert.equal(states().at(-1), "hidden");
  page.dispatchEvent(new Event("pageshow"));
  assert.equal(Source.all.length, 2);
});

test("a changed network is tried at once, unless hidden", () => {
  start();
  page.dispatchEvent(new Event("online"));
  assert.equal(Source.all.length, 2);
  page.dispatchEvent(new Event("pagehide"));
  page.dispatchEvent(new Event("online"));
  assert.equal(Source.all.length, 2);
});

test("the cursor is on before the handler, which may throw: a broken page gets no record again and again", () => {
  const seen = [];
  const stream = start(URL_, { record: () => seen.push(stream.cursor) });
  newest().record(1);
  assert.deepEqual(seen, ["a-1"]);
});
