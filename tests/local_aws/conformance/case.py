"""Conformance cases as data: what a person reads in ``cases/*.yaml``, as values.

A file is one topic. This is all that may stand in it:

    topic: Loading CSV                  # the heading in docs/redshift-endpoint.md
    about: One sentence for the page.   # optional
    setup: [SQL, …]                     # run before each case of the file
    cases:
    - name: a number that is none is refused
      page: r_COPY          # of docs.aws.amazon.com/redshift/latest/dg/, or a whole URL, or "unverified"
      note: …               # optional, for the page
      differs: …            # instead of a note: what Redshift does, where the case can show ours alone
      only: local           # optional: means nothing to a real cluster
      files:                # optional: key → text, or a way to make bytes (see ``made_bytes``)
        x.csv: "1,x\n"
      steps:                # in an empty schema of the case's own, autocommit unless it says BEGIN
      - CREATE TABLE t (a INT)                 # must work
      - sql: SELECT a FROM t ORDER BY a
        rows: [[1]]                            # columns: [a], types: [int4], notices: ["INFO: …"] may stand beside
      - sql: SELECT nothing
        error: 42703 column "nothing"          # SQLSTATE, then a part of the message
      - sql: CREATE TABLE u (a SUPER)
        refused: type SUPER                    # 0A000 "… is not supported by the local endpoint"; not run on a cluster
      - sql: SELECT …
        rows: [[1]]                            # on Redshift
        local: {rows: [[2]]}                   # here: a known difference
      - sql: DELETE FROM t
        session: other                         # a second session; sessions: says who logs in there
        waits: true                            # it must not have ended after a while; what it ends with is said
      - ends: other                            # … by a later step, after which it must have ended
        rows: []
      cleanup: [SQL, …]     # always run at the end, after the schema is gone
      sessions: {other: {user: someone, password: Secret-pass1}}

In SQL and in files ``${s3}`` is the address of the case's files, ``${role}`` the role to COPY with, ``${schema}`` the
case's schema. Values are compared as Python's None, bool, int, float and str: what is none of these as its text (a
DECIMAL, a date, a timestamp), bytes in hexadecimal. ``load_errors`` of a step are the rows of stl_load_errors for the
session's last COPY, trimmed, in the order of their lines; only the columns that a row names are compared.
"""

from __future__ import annotations

import base64
import bz2
import gzip
import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

FOLDER = Path(__file__).with_name("cases")
PAGES = "https://docs.aws.amazon.com/redshift/latest/dg/"
UNVERIFIED = "unverified"
REFUSAL = " is not supported by the local endpoint"

_TOPIC_KEYS = {"topic", "about", "setup", "cases"}
_CASE_KEYS = {"name", "page", "note", "differs", "only", "files", "steps", "cleanup", "sessions"}
_EXPECTED_KEYS = {"rows", "columns", "types", "error", "refused", "notices", "load_errors"}
_STEP_KEYS = {"sql", "session", "waits", "ends", "local", *_EXPECTED_KEYS}


@dataclass(frozen=True)
class Step:
    """One statement and what must come of it; ``local`` holds what comes of it here where that differs."""

    sql: str
    session: str = "main"
    waits: bool = False
    ends: bool = False
    expected: dict[str, Any] = field(default_factory=dict)
    local: dict[str, Any] | None = None

    @property
    def refused(self) -> str | None:
        """What the local endpoint refuses by name here, where nothing is said of Redshift."""
        return self.expected.get("refused")

    def here(self) -> dict[str, Any]:
        """What must come of it on the local endpoint."""
        found = self.expected if self.local is None else self.local
        if "refused" not in found:
            return found
        return {"error": f"0A000 {found['refused']}{REFUSAL}"}


@dataclass(frozen=True)
class Case:
    """One thing that the endpoint does, with the page that says so."""

    topic: str
    name: str
    page: str
    steps: tuple[Step, ...]
    note: str = ""
    differs: bool = False
    local_only: bool = False
    files: dict[str, Any] = field(default_factory=dict)
    cleanup: tuple[str, ...] = ()
    sessions: dict[str, dict[str, str]] = field(default_factory=dict)

    @property
    def url(self) -> str | None:
        """The page of AWS's documentation, or None where nobody could check."""
        if self.page == UNVERIFIED:
            return None
        return self.page if self.page.startswith("https://") else f"{PAGES}{self.page}.html"

    @property
    def standing(self) -> str:
        """``supported``, ``differs`` or ``refused``, which follows from the steps."""
        refusals = [step for step in self.steps if "refused" in (step.local or step.expected)]
        if refusals:
            return "refused"
        return "differs" if self.differs or any(step.local is not None for step in self.steps) else "supported"

    @property
    def loads(self) -> bool:
        """Whether it needs a bucket and a role."""
        return bool(self.files) or any("${s3}" in step.sql or "${role}" in step.sql for step in self.steps)


@dataclass(frozen=True)
class Topic:
    """One file of cases."""

    name: str
    about: str
    cases: tuple[Case, ...]


class _Loader(yaml.SafeLoader):
    """YAML in which only numbers, true, false and null are no text, and in which no key is said twice."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        if len(keys) != len(set(keys)):
            raise ValueError(f"a key is said twice {node.start_mark}")
        return super().construct_mapping(node, deep)


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in found if not tag.endswith((":timestamp", ":bool"))]
    for first, found in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Loader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile("^(?:true|false)$"), list("tf"))


def topics() -> list[Topic]:
    """Every topic, in the order of the files' names."""
    return [topic(path) for path in sorted(FOLDER.glob("*.yaml"))]


def topic(path: Path) -> Topic:
    """The cases of one file; raises ValueError for what is not of the form."""
    found = yaml.load(path.read_text("utf-8"), _Loader)  # noqa: S506  (a SafeLoader)
    _only(found, _TOPIC_KEYS, path.name)
    setup = tuple(map(_step, found.get("setup", ())))
    cases = tuple(_case(found["topic"], item, setup) for item in found["cases"])
    names = [case.name for case in cases]
    if len(names) != len(set(names)):
        raise ValueError(f"{path.name} has two cases of one name")
    return Topic(found["topic"], found.get("about", ""), cases)


def _only(found: dict[str, Any], known: set[str], where: str) -> None:
    if found.keys() - known:
        raise ValueError(f"{where}: what is {', '.join(sorted(map(str, found.keys() - known)))}?")


def _case(topic_name: str, item: dict[str, Any], setup: tuple[Step, ...]) -> Case:
    _only(item, _CASE_KEYS, item["name"])
    return Case(
        topic=topic_name,
        name=item["name"],
        page=item["page"],
        steps=(*setup, *map(_step, item["steps"])),
        note=item.get("differs", item.get("note", "")),
        differs="differs" in item,
        local_only=item.get("only") == "local",
        files=item.get("files", {}),
        cleanup=tuple(item.get("cleanup", ())),
        sessions=item.get("sessions", {}),
    )


def _step(item: Any) -> Step:
    if isinstance(item, str):
        return Step(item)
    _only(item, _STEP_KEYS, str(item))
    if "local" in item:
        _only(item["local"], _EXPECTED_KEYS, str(item))
    return Step(
        sql=item.get("sql", ""),
        session=item.get("ends", item.get("session", "main")),
        waits=item.get("waits", False),
        ends="ends" in item,
        expected={key: value for key, value in item.items() if key in _EXPECTED_KEYS},
        local=item.get("local"),
    )


def filled(text: str, values: dict[str, str]) -> str:
    """The text with its ``${…}`` replaced."""
    for name, value in values.items():
        text = text.replace(f"${{{name}}}", value)
    return text


def filled_in(value: Any, values: dict[str, str]) -> Any:
    """The same for every text within a value."""
    if isinstance(value, dict):
        return {key: filled_in(item, values) for key, item in value.items()}
    if isinstance(value, list):
        return [filled_in(item, values) for item in value]
    return filled(value, values) if isinstance(value, str) else value


def made_bytes(piece: Any, values: dict[str, str]) -> bytes:
    """The bytes of a file.

    A text is UTF-8; a list is its pieces one after the other; ``bytes: "\\xff"`` is a byte a character;
    ``repeat: {times: n, of: piece}``; ``base64: …``; ``gzip``, ``bzip2``, ``zstd`` of a piece; ``manifest: [keys]``
    (``mandatory: false`` beside it) names files of the same case.
    """
    if isinstance(piece, str):
        return filled(piece, values).encode()
    if isinstance(piece, list):
        return b"".join(made_bytes(item, values) for item in piece)
    if "manifest" in piece:
        mandatory = piece.get("mandatory", True)
        entries = [{"url": f"{values['s3']}/{key}", "mandatory": mandatory} for key in piece["manifest"]]
        return json.dumps({"entries": entries}).encode()
    ((way, what),) = piece.items()
    if way == "bytes":
        return str(what).encode("latin-1")
    if way == "base64":
        return base64.b64decode(what)
    if way == "repeat":
        return made_bytes(what["of"], values) * int(what["times"])
    return _COMPRESSIONS[way](made_bytes(what, values))


def _zstd(data: bytes) -> bytes:
    import zstandard

    return zstandard.compress(data)


_COMPRESSIONS = {"gzip": gzip.compress, "bzip2": bz2.compress, "zstd": _zstd}
