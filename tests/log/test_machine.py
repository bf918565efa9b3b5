"""Any order of calls, against a plain list: what a SqliteLog answers is what the simplest log would."""

import asyncio
import tempfile
from collections.abc import Coroutine
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from livedash.base.limits import KEY_SECONDS
from livedash.log import Append, Appended, Bounds, Checkpoint, Done, Restart, Save, Together, Trim
from livedash.log.sqlite import SqliteLog
from livedash.model import Draft, Gap
from livedash.model.errors import Invalid

from .support import SECOND, HandClock

PIPELINES = st.sampled_from(["p", "q"])
KEYS = st.none() | st.sampled_from(["k", "l"])
DRAFTS = st.builds(Draft, st.integers(-5, 50), st.binary(max_size=12))
MANY = st.lists(DRAFTS, max_size=4) | st.integers(900, 1200).map(lambda n: [Draft(i % 41, b"x") for i in range(n)])


@dataclass
class Model:
    """One pipeline: every draft of this life, and how many of them are trimmed."""

    epoch: str
    drafts: list[Draft] = field(default_factory=list)
    arrived: list[int] = field(default_factory=list)
    trimmed: int = 0


class LogMachine(RuleBasedStateMachine):
    @initialize(in_memory=st.booleans())
    def open(self, in_memory: bool) -> None:
        self.runner = asyncio.Runner()
        self.folder = tempfile.TemporaryDirectory()
        self.clock = HandClock()
        self.log = SqliteLog(":memory:" if in_memory else Path(self.folder.name) / "log.db", clock=self.clock)
        self.models = {name: Model(self.do(self.log.bounds(name)).epoch) for name in ("p", "q")}
        self.requests: dict[tuple[str, str], tuple[int, Appended]] = {}
        self.checkpoints: dict[str, Checkpoint] = {}

    def do(self, call: Coroutine[Any, Any, Any]) -> Any:
        return self.runner.run(call)

    def expected(self, append: Append) -> Appended:
        """Append to the model, unless the key was seen."""
        at, earlier = self.requests.get((append.pipeline, append.key or ""), (0, None))
        if append.key and earlier and self.clock.now - at < KEY_SECONDS * SECOND:
            return earlier
        model, number = self.models[append.pipeline], len(append.drafts)
        first = len(model.drafts) + 1
        model.drafts += append.drafts
        model.arrived += [self.clock.now] * number
        bounds = (first, len(model.drafts)) if number else (None, None)
        outcome = Appended(model.epoch, *bounds, number)
        if append.key:
            self.requests[append.pipeline, append.key] = self.clock.now, outcome
        return outcome

    @rule(appends=st.lists(st.builds(Append, PIPELINES, MANY, key=KEYS), min_size=1, max_size=4))
    def append(self, appends: list[Append]) -> None:
        outcomes = self.do(self.log.commit(appends))
        assert outcomes == [self.expected(append) for append in appends]

    @rule(append=st.builds(Append, PIPELINES, MANY, key=KEYS), beyond=st.booleans())
    def append_and_trim_together(self, append: Append, beyond: bool) -> None:
        model = self.models[append.pipeline]
        through = len(model.drafts)
        group = Together([append, Trim(append.pipeline, through + 10_000 if beyond else through)])
        (outcome,) = self.do(self.log.commit([group]))
        if beyond:
            assert isinstance(outcome, Invalid)
        else:
            assert outcome == Done((self.expected(append), Done()))
            model.trimmed = through

    @rule(name=PIPELINES, part=st.floats(0, 1.1))
    def trim(self, name: str, part: float) -> None:
        model = self.models[name]
        through = int(len(model.drafts) * part)
        (outcome,) = self.do(self.log.commit([Trim(name, through)]))
        if through > len(model.drafts):
            assert isinstance(outcome, Invalid)
        else:
            assert outcome == Done()
            model.trimmed = max(model.trimmed, through)

    @rule(name=PIPELINES)
    def restart(self, name: str) -> None:
        assert self.do(self.log.commit([Restart(name)])) == [Done()]
        old, self.models[name] = self.models[name], Model(self.do(self.log.bounds(name)).epoch)
        assert self.models[name].epoch != old.epoch

    @rule(name=PIPELINES, back=st.integers(-1, 3), state=st.binary(max_size=5))
    def save(self, name: str, back: int, state: bytes) -> None:
        model = self.models[name]
        checkpoint = Checkpoint("r", name, model.epoch, max(len(model.drafts) - back, 0), state)
        (outcome,) = self.do(self.log.commit([Save(checkpoint)]))
        if checkpoint.offset > len(model.drafts):
            assert isinstance(outcome, Invalid)
        else:
            self.checkpoints[name] = checkpoint
        assert self.do(self.log.checkpoint("r", name)) == self.checkpoints.get(name)

    @rule(name=PIPELINES, after=st.integers(0, 3000), limit=st.integers(1, 1500))
    def read(self, name: str, after: int, limit: int) -> None:
        model, page = self.models[name], self.do(self.log.read(name, after, limit))
        start = min(max(after, model.trimmed), len(model.drafts))
        assert (page.epoch, page.after, page.head) == (model.epoch, start, len(model.drafts))
        assert page.gap == (Gap(after + 1, start, "trimmed") if after < start else None)
        assert [(r.timestamp, r.body) for r in page.records] == model.drafts[start : start + limit]
        assert [record.offset for record in page.records] == list(range(start + 1, page.last + 1))

    @rule(name=PIPELINES, since=st.integers(-6, 51))
    def find(self, name: str, since: int) -> None:
        model = self.models[name]
        late = (offset for offset, d in enumerate(model.drafts, 1) if offset > model.trimmed and d.timestamp >= since)
        assert self.do(self.log.find(name, since)) == next(late, len(model.drafts) + 1)

    @rule(name=PIPELINES, hours=st.none() | st.integers(-1, 60), over=st.none() | st.integers(0, 3000))
    def expire(self, name: str, hours: int | None, over: int | None) -> None:
        model, before = self.models[name], None if hours is None else self.clock.now - hours * 3600 * SECOND
        through = self.do(self.log.expired(name, before=before, over=over))
        wanted = model.trimmed
        while wanted < len(model.drafts) and (
            (before is not None and model.arrived[wanted] < before)
            or (over is not None and sum(len(d.body) for d in model.drafts[wanted:]) > over)
        ):
            wanted += 1
        assert through == (wanted if wanted > model.trimmed else 0)

    @rule(hours=st.integers(1, 30))
    def sweep(self, hours: int) -> None:
        self.clock.now += hours * 3600 * SECOND
        while self.do(self.log.sweep()):
            pass

    @invariant()
    def bounds_are_exact(self) -> None:
        for name, model in getattr(self, "models", {}).items():
            size = sum(len(d.body) for d in model.drafts[model.trimmed :])
            expected = Bounds(model.epoch, model.trimmed + 1, len(model.drafts), size)
            assert self.do(self.log.bounds(name)) == expected

    def teardown(self) -> None:
        if hasattr(self, "runner"):
            self.do(self.log.close())
            self.runner.close()
            self.folder.cleanup()


# Shrinking a failure takes minutes, longer than a test may; thirty steps can be read as they are.
LogMachine.TestCase.settings = settings(
    max_examples=40, stateful_step_count=30, deadline=None, database=None, phases=[Phase.generate]
)
TestLogMachine = LogMachine.TestCase
