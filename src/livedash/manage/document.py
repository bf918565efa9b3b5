"""A document: one or more YAML files as one statement of what should be configured, with every mistake and its line."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import chain

from pydantic import ValidationError

from livedash.manage.faults import Path, dotted, duplicates, faults_of
from livedash.manage.lines import Text, read
from livedash.manage.spec import DocumentSpec
from livedash.model import Json
from livedash.model.errors import Fault, Invalid

_LISTS = ("pipelines", "dashboards")
_CHILDREN = (("pipelines", "sinks", "name", "sink"), ("dashboards", "widgets", "id", "widget"))


@dataclass(frozen=True)
class Mistake(Fault):
    """A fault with its place in a file; `path` is its place in the document."""

    file: str
    line: int

    def __str__(self) -> str:
        where = f"{dotted(self.path)}: " if self.path else ""
        return f"{self.file}:{self.line}: {where}{self.message}"


@dataclass(frozen=True)
class Place:
    file: str
    line: int


class Document:
    """`spec` is what it says; `references` are the values written as `${NAME}` and nothing else, by their path."""

    def __init__(self, spec: DocumentSpec, places: Mapping[Path, Place], references: Mapping[Path, str]) -> None:
        self.spec = spec
        self.references = references
        self._places = places

    def mistake(self, path: Path, message: str) -> Mistake:
        """A mistake at `path`, such as ("dashboards", 0, "auto")."""
        return _mistake(self._places, path, message)


def load(files: Mapping[str, str], variables: Mapping[str, str]) -> Document:
    """The texts of `files` (by name) as one document, `${NAME}` taken from `variables` and from nowhere else: a
    document that came over the network must not read the server's environment. Raises Invalid whose faults are
    Mistakes: all there are, in the order of the files."""
    merged = _Merged()
    for name, text in files.items():
        merged.add(name, read(text, variables))
    spec, faults = _validate(merged.data)
    said = {mistake.path for mistake in merged.mistakes}  # what could not be read is of a wrong type as well
    mistakes = merged.mistakes + [merged.mistake(fault) for fault in faults if fault.path not in said]
    if spec is None or mistakes:
        raise refusal(mistakes)
    return Document(spec, merged.places, merged.references)


def refusal(mistakes: Iterable[Mistake]) -> Invalid:
    """The error that says them all, one a line."""
    ordered = sorted(dict.fromkeys(mistakes), key=lambda mistake: (mistake.file, mistake.line))
    return Invalid("\n".join(map(str, ordered)), ordered)


def _validate(data: dict[str, Json]) -> tuple[DocumentSpec | None, list[Fault]]:
    twice = list(
        chain(
            duplicates(data.get("pipelines"), "slug", ("pipelines",), "pipeline"),
            duplicates(data.get("dashboards"), "slug", ("dashboards",), "dashboard"),
            *(
                duplicates(each.get(children), name, (parents, index, children), what)
                for parents, children, name, what in _CHILDREN
                for index, each in enumerate(data.get(parents) or ())
                if isinstance(each, dict)
            ),
        )
    )
    try:
        return DocumentSpec.model_validate(data), twice
    except ValidationError as error:
        return None, [*faults_of(error, data), *twice]


def _mistake(places: Mapping[Path, Place], path: Path, message: str) -> Mistake:
    """With the place of `path`, or of the nearest thing around it that is written down."""
    around = (path[:length] for length in range(len(path), 0, -1))
    place = next((places[each] for each in around if each in places), places[()])
    return Mistake(path, message, place.file, place.line)


class _Merged:
    """The files so far, their lists joined; places and references by the path in the joined data."""

    def __init__(self) -> None:
        self.data: dict[str, Json] = {"apiVersion": 1}
        self.places: dict[Path, Place] = {(): Place("document", 1)}
        self.references: dict[Path, str] = {}
        self.mistakes: list[Mistake] = []

    def mistake(self, fault: Fault) -> Mistake:
        return _mistake(self.places, fault.path, fault.message)

    def add(self, file: str, text: Text) -> None:
        """Join one file. What is said of the whole file is said of the first that says it."""
        data, start = text.data, {key: len(self.data.get(key) or ()) for key in _LISTS}
        if not isinstance(data, dict):
            if not text.mistakes:
                self.mistakes.append(Mistake((), "a document is a mapping that begins with 'apiVersion: 1'", file, 1))
            data = {}
        elif data.get("apiVersion") != 1:
            line = text.lines.get(("apiVersion",), 1)
            self.mistakes.append(Mistake(("apiVersion",), "a document begins with 'apiVersion: 1'", file, line))
        self.mistakes += [Mistake(_moved(path, start), message, file, at) for path, at, message in text.mistakes]
        self.places |= {_moved(path, start): Place(file, line) for path, line in text.lines.items()} | self.places
        self.references |= {_moved(path, start): written for path, written in text.references.items()}
        for key, value in data.items():
            self._take(file, key, value, text.lines[key,])

    def _take(self, file: str, key: str, value: Json, line: int) -> None:
        if key in _LISTS:
            if not isinstance(value, list | None):
                self.mistakes.append(Mistake((key,), "this is a list", file, line))
            else:
                self.data[key] = [*self.data.get(key, ()), *(value or ())]
        elif self.data.setdefault(key, value) != value and key != "apiVersion":
            self.mistakes.append(Mistake((key,), "another file says something else here", file, line))


def _moved(path: Path, start: Mapping[str, int]) -> Path:
    """A path in one file as the path in the joined data."""
    match path:
        case (str(key), int(index), *rest) if key in start:
            return (key, index + start[key], *rest)
    return path
