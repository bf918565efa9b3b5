"""What a commit will change, worked out in memory from the heads it names: decide here, write in writes.py.

Deciding first is also what makes commits fast. The thread that writes gives up Python's lock at every statement and
may wait 5 ms to get it back from a busy event loop, so a commit costs a handful of statements, however many writes
it carries and pipelines it names.
"""

import secrets
import string
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import count

from livedash.base.limits import STATE_BYTES
from livedash.log import (
    Append,
    Appended,
    Checkpoint,
    Count,
    Done,
    Forget,
    Note,
    Outcome,
    Restart,
    Save,
    Single,
    Together,
    Trim,
    Write,
)
from livedash.log.sqlite.changes import Changes, Head, Kept, Key, Run
from livedash.log.sqlite.schema import PAGE_SIZE
from livedash.model.errors import Invalid, LivedashError, StorageFull, TooLarge

_DONE = Done()
ROW_BYTES = 32  # what a row takes in its tree beside the body, roughly


class Plan:
    """Applies writes, in order, to `changes`."""

    def __init__(
        self,
        pipelines: Iterable[str],
        heads: Mapping[str, Head],
        next_life: int,
        answered: Mapping[Key, Appended],
        stored: Callable[[int, int, int], int],
        left: int,
    ) -> None:
        """`heads` and `answered` are what the store has of `pipelines` and of the keys; `stored(life, first, last)`
        are the bytes of the bodies it has there; `left` are the bytes that may be added to it."""
        self._lives = count(next_life)
        self._answered = answered
        self._stored = stored
        self._left = left
        self.changes = Changes({name: heads.get(name) or self._born(name) for name in pipelines})

    def apply(self, write: Write) -> Outcome:
        """The outcome of `write`; when that is an error nothing has changed."""
        self.changes.begin()
        try:
            if isinstance(write, Together):
                return Done(tuple([self._one(part) for part in write.writes]))
            return self._one(write)
        except LivedashError as error:
            self.changes.undo()
            return error.with_traceback(None)  # the traceback would keep every draft of the commit alive

    def keep_newest(self, keep: int) -> None:
        """Trim what was appended to, so that at most `keep` records of each pipeline stay."""
        by_life = {head.life: pipeline for pipeline, head in self.changes.heads.items()}
        for pipeline in {by_life[run.life] for run in self.changes.runs if run.life in by_life}:
            self._trim(Trim(pipeline, max(self.changes.heads[pipeline].last - keep, 0)))

    def _born(self, pipeline: str) -> Head:
        return Head(next(self._lives), pipeline, _new_epoch())

    def _one(self, write: Single) -> Appended | Done:
        match write:
            case Append():
                return self._append(write)
            case Count():
                self._count(write)
            case Save():
                self._save(write.checkpoint)
            case Note():
                self._note(write)
            case Forget():
                self._forget(write.reader)
            case Trim():
                self._trim(write)
            case Restart():
                self._restart(write.pipeline)
        return _DONE

    def _append(self, append: Append) -> Appended:
        key = (append.pipeline, append.key) if append.key is not None else None
        if key and (earlier := self.changes.requests.get(key) or self._answered.get(key)):
            return earlier
        sizes = [len(draft.body) for draft in append.drafts]
        self._make_room(append, sizes)
        outcome = self._take(append, sum(sizes))
        if key:
            self.changes.put(self.changes.requests, key, outcome)
        return outcome

    def _make_room(self, append: Append, sizes: Sequence[int]) -> None:
        if not sizes and append.key is None:
            return  # refusals alone always go in: they are bounded per pipeline
        pages = sum(size > PAGE_SIZE // 4 for size in sizes)  # larger bodies go on in pages of their own
        rows = len(sizes) + len(append.refusals)
        size = self.changes.size + sum(sizes) + PAGE_SIZE * pages + ROW_BYTES * rows
        if size > self._left:
            raise StorageFull("there is no room for these records: free space, or lower the retention")
        self.changes.size = size

    def _take(self, append: Append, size: int) -> Appended:
        head, accepted = self.changes.heads[append.pipeline], len(append.drafts)
        first = head.last + 1 if accepted else None
        grown = head._replace(
            last=head.last + accepted, bytes=head.bytes + size, refused=head.refused + len(append.refusals)
        )
        self.changes.put(self.changes.heads, append.pipeline, grown)
        if append.drafts:
            self.changes.runs.append(Run(head.life, head.last + 1, append.drafts))
        numbered = enumerate(append.refusals, head.refused + 1)
        self.changes.refusals += [Kept(head.life, append.pipeline, number, refusal) for number, refusal in numbered]
        errors = tuple((refusal.index, refusal.reason) for refusal in append.refusals)
        return Appended(head.epoch, first, grown.last if accepted else None, accepted, errors)

    def _count(self, count: Count) -> None:
        meter = (count.day, count.team, count.pipeline, count.subject, count.name)
        self.changes.put(self.changes.meters, meter, self.changes.meters.get(meter, 0) + count.amount)

    def _save(self, checkpoint: Checkpoint) -> None:
        head = self.changes.heads[checkpoint.pipeline]
        if len(checkpoint.state) > STATE_BYTES:
            raise TooLarge(f"the state of {checkpoint.reader} is larger than {STATE_BYTES} bytes")
        if checkpoint.epoch == head.epoch and checkpoint.offset > head.last:
            raise Invalid(f"{checkpoint.reader} cannot have seen {checkpoint.offset}: the last offset is {head.last}")
        self.changes.put(self.changes.checkpoints, (checkpoint.reader, checkpoint.pipeline), checkpoint)

    def _note(self, note: Note) -> None:
        if note.body is not None and len(note.body) > STATE_BYTES:
            raise TooLarge(f"a note of {note.reader} is larger than {STATE_BYTES} bytes")
        self.changes.put(self.changes.notes, (note.reader, note.kind, note.key), note.body)

    def _forget(self, reader: str) -> None:
        for checkpoint in [key for key in self.changes.checkpoints if key[0] == reader]:
            self.changes.drop(self.changes.checkpoints, checkpoint)
        for note in [key for key in self.changes.notes if key[0] == reader]:
            self.changes.drop(self.changes.notes, note)
        self.changes.forgotten.append(reader)

    def _trim(self, trim: Trim) -> None:
        head = self.changes.heads[trim.pipeline]
        if trim.through > head.last:
            raise Invalid(f"cannot trim through {trim.through}: the last offset is {head.last}")
        if trim.through >= head.first:
            left = head.bytes - self._bytes(head, trim.through)
            kept = head._replace(first=trim.through + 1, bytes=left)
            self.changes.put(self.changes.heads, trim.pipeline, kept)

    def _bytes(self, head: Head, through: int) -> int:
        """Of the bodies from `head.first` to `through`, those appended by this very commit included."""
        fresh = sum(
            len(draft.body)
            for run in self.changes.runs
            if run.life == head.life
            for offset, draft in enumerate(run.drafts, run.first)
            if head.first <= offset <= through
        )
        return fresh + self._stored(head.life, head.first, through)

    def _restart(self, pipeline: str) -> None:
        head = self.changes.heads[pipeline]
        self.changes.ended.append(head._replace(pipeline=None, first=head.last + 1, bytes=0))
        self.changes.put(self.changes.heads, pipeline, self._born(pipeline))
        self.changes.restarted.append(pipeline)


def _new_epoch() -> str:
    """Random, so that no life of any log ever has the name of another, restored backups included."""
    return "".join(secrets.choice(string.ascii_lowercase + string.digits) for _ in range(8))
