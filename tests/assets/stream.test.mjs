// The connection's behaviour, against an EventSource that the test drives and a clock that it turns.
import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";
import { LiveStream, SILENCE_MS } from "../../assets/src/stream.js";

class Source extends EventTarget {
  static all = [];
  closed = false;

  constructor(url) {
    super();
    this.url = url;
    Source.all.push(this);
  }

  close() {
    this.closed = true;
  }

  send(name, data = {}, lastEventId = "") {
    this.dispatchEvent(Object.assign(new Event(name), { data: JSON.stringify(data), lastEventId }));
  }
}

const newest = () => Source.all.at(-1);
const RETRY_MS = 15_000; // the longest wait before any attempt

let said;
let applied;

function follow(onEvent = (name, data) => applied.push([name, data])) {
  const onStatus = (status, since) => said.push([status, since]);
  const stream = new LiveStream({ url: "/d/x/live?tz=UTC", version: "a-1", onEvent, onStatus });
  stream.connect();
  return stream;
}

function goLive() {
  const stream = follow();
  newest().onopen();
  newest().send("ping", { now: 1 });
  return stream;
}

beforeEach(() => {
  mock.timers.enable({ apis: ["setTimeout", "Date"], now: 1_000_000 });
  globalThis.EventSource = Source;
  Source.all = [];
  said = [];
  applied = [];
});

afterEach(() => mock.timers.reset());

test("asks from the page's version on, and is live only after a ping", () => {
  const stream = follow();
  assert.equal(newest().url, "/d/x/live?tz=UTC&version=a-1");
  newest().onopen();
  assert.equal(stream.status, "catching-up");
  newest().send("ping", { now: 5 });
  assert.equal(stream.status, "live");
  assert.deepEqual(applied, [["ping", { now: 5 }]]);
});

test("comes back from the last whole bundle, not from a part of one", () => {
  goLive();
  newest().send("update-chart", { widget: "w" }, "");
  newest().send("patch", { bodies: {} }, "a-2");
  newest().send("update-chart", { widget: "w" }, "a-2"); // EventSource repeats the last id on events without one
  newest().onerror();
  mock.timers.tick(RETRY_MS);
  assert.equal(newest().url, "/d/x/live?tz=UTC&version=a-2");
  assert.ok(Source.all[0].closed);
});

test("a drop is catching up; a failed try is stale since the last live moment, and stays so until a connect", () => {
  goLive();
  mock.timers.tick(3_000);
  newest().send("patch", {}, "a-2");
  newest().onerror();
  mock.timers.tick(500);
  newest().onerror();
  mock.timers.tick(1_000);
  newest().onerror();
  assert.deepEqual(said, [["live", 1_000_000], ["catching-up", 1_003_000], ["stale", 1_003_000]]);
});

test("a first connect that fails is tried again, ever more slowly", () => {
  follow();
  for (let i = 0; i < 10; i++) {
    newest().onerror();
    mock.timers.tick(RETRY_MS);
  }
  assert.equal(Source.all.length, 11);
  newest().onerror();
  mock.timers.tick(RETRY_MS / 2 - 1);
  assert.equal(Source.all.length, 11);
});

test("a ping makes the next wait short again", () => {
  follow();
  for (let i = 0; i < 10; i++) {
    newest().onerror();
    mock.timers.tick(RETRY_MS);
  }
  newest().onopen();
  newest().send("ping");
  newest().onerror();
  mock.timers.tick(500);
  assert.equal(Source.all.length, 12);
});

test("silence is a dead connection, also across a sleeping laptop", () => {
  const stream = goLive();
  mock.timers.tick(SILENCE_MS + 1_000);
  assert.equal(stream.status, "stale");
  assert.ok(Source.all[0].closed);
  mock.timers.tick(RETRY_MS);
  assert.equal(Source.all.length, 2);
});

test("a hidden page holds no connection and no timer; seen again it catches up", () => {
  const stream = goLive();
  stream.pause();
  assert.ok(newest().closed);
  mock.timers.tick(600_000);
  stream.hurry();
  assert.equal(Source.all.length, 1);
  stream.resume();
  assert.equal(Source.all.length, 2);
  assert.equal(stream.status, "catching-up");
  stream.resume();
  assert.equal(Source.all.length, 2);
});

test("a changed network is tried at once", () => {
  follow();
  newest().onerror();
  const stream = goLive();
  stream.hurry();
  assert.equal(Source.all.length, 3);
});

test("an event that cannot be shown asks for the whole page again", () => {
  follow((name) => {
    if (name === "patch") throw new Error("broken");
  });
  newest().onopen();
  newest().send("patch", {}, "a-9");
  mock.timers.tick(RETRY_MS);
  assert.equal(newest().url, "/d/x/live?tz=UTC&version=");
});

test("gone is for good", () => {
  const stream = goLive();
  newest().send("gone", { detail: "deleted" });
  mock.timers.tick(600_000);
  stream.resume();
  stream.hurry();
  assert.equal(Source.all.length, 1);
  assert.equal(said.at(-1)[0], "gone");
});
