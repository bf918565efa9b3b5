"""Any order of writes to what is kept beside the records, against plain dictionaries."""

import asyncio
import tempfile
from collections.abc import Coroutine
from itertools import product
from pathlib import Path
from typing import Any

from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from livedash.log import Checkpoint, Count, Done, Forget, Note, Save, Single, Together, Trim
from livedash.log.sqlite import SqliteLog
from livedash.model.errors import Invalid

from .support import HandClock

PIPELINES = st.sampled_from(["p", "q"])
READERS = st.sampled_from(["r", "s"])
WRITES = st.one_of(
    st.builds(Note, READERS, st.sampled_from(["k", "l"]), st.integers(0, 3), st.none() | st.binary(max_size=4)),
    st.builds(Forget, READERS),
    st.builds(Save, st.builds(Checkpoint, READERS, PIPELINES, st.just("e"), st.integers(0, 9), st.binary(max_size=4))),
    st.builds(
        Count,
        st.sampled_from(["in", "out"]),
        PIPELINES,
        st.sampled_from(["1", "2"]),
        st.integers(-5, 5),
        team=st.sampled_from(["", "t"]),
        subject=st.sampled_from(["", "sk"]),
    ),
)


class BesideMachine(RuleBasedStateMachine):
    @initialize(in_memory=st.booleans())
    def open(self, in_memory: bool) -> None:
        self.runner = asyncio.Runner()
        self.folder = tempfile.TemporaryDirectory()
        self.path = ":memory:" if in_memory else Path(self.folder.name) / "log.db"
        self.log = SqliteLog(self.path, clock=HandClock())
        self.checkpoints: dict[tuple[str, str], Checkpoint] = {}
        self.notes: dict[tuple[str, str, int], bytes] = {}
        self.meters: dict[tuple[str, ...], int] = {}

    def do(self, call: Coroutine[Any, Any, Any]) -> Any:
        return self.runner.run(call)

    @rule(groups=st.lists(st.tuples(st.lists(WRITES, max_size=6), st.booleans()), max_size=5))
    def commit(self, groups: list[tuple[list[Single], bool]]) -> None:
        """Groups of which some fail at their end."""
        outcomes = self.do(
            self.log.commit([Together([*writes, Trim("p", 1)] if fails else writes) for writes, fails in groups])
        )
        for (writes, fails), outcome in zip(groups, outcomes, strict=True):
            assert isinstance(outcome, Invalid) if fails else outcome == Done((Done(),) * len(writes))
            for write in writes if not fails else ():
                self.apply(write)

    def apply(self, write: Single) -> None:
        match write:
            case Save(checkpoint):
                self.checkpoints[checkpoint.reader, checkpoint.pipeline] = checkpoint
            case Note(reader, kind, key, None):
                self.notes.pop((reader, kind, key), None)
            case Note(reader, kind, key, bytes(body)):
                self.notes[reader, kind, key] = body
            case Forget(reader):
                self.checkpoints = {key: each for key, each in self.checkpoints.items() if key[0] != reader}
                self.notes = {key: body for key, body in self.notes.items() if key[0] != reader}
            case Count(name, pipeline, day, amount, team, subject):
                meter = day, team, pipeline, subject, name
                self.meters[meter] = self.meters.get(meter, 0) + amount

    @precondition(lambda self: self.path != ":memory:")
    @rule()
    def reopen(self) -> None:
        self.do(self.log.close())
        self.log = SqliteLog(self.path, clock=HandClock())

    @invariant()
    def everything_is_as_written(self) -> None:
        if not hasattr(self, "log"):
            return
        for reader, kind in product(("r", "s"), ("k", "l")):
            kept = sorted((key[2], body) for key, body in self.notes.items() if key[:2] == (reader, kind))
            assert list(self.do(self.log.notes(reader, kind))) == kept
        for reader, name in product(("r", "s"), ("p", "q")):
            assert self.do(self.log.checkpoint(reader, name)) == self.checkpoints.get((reader, name))
        assert set(self.do(self.log.readers())) == {key[0] for key in (*self.checkpoints, *self.notes)}
        totals = self.do(self.log.meters("1", "2"))
        counted = [((t.day, t.team, t.pipeline, t.subject, t.name), t.total) for t in totals]
        assert counted == sorted(self.meters.items())

    def teardown(self) -> None:
        if hasattr(self, "runner"):
            self.do(self.log.close())
            self.runner.close()
            self.folder.cleanup()


BesideMachine.TestCase.settings = settings(
    max_examples=25, stateful_step_count=15, deadline=None, database=None, phases=[Phase.generate]
)
TestBesideMachine = BesideMachine.TestCase
