"""Writes docs/redshift-endpoint.md from the cases: ``python -m tests.local_aws.conformance.page``."""

from __future__ import annotations

from pathlib import Path

from .case import Case, Topic, topics

PAGE = Path(__file__).resolve().parents[3] / "docs" / "redshift-endpoint.md"
_HEAD = """\
# What the local Redshift endpoint does

Generated from the cases in `tests/local_aws/conformance/cases` by `make conformance-page`; do not edit it by hand.
Each line is a case that is run on every change. With an account of your own you can prove or correct it:

```
REDSHIFT_DSN='host=… port=5439 dbname=dev user=… password=…' REDSHIFT_BUCKET=… REDSHIFT_ROLE=arn:aws:iam::… \\
    .venv/bin/python -m pytest tests/local_aws/conformance
```

It works in a schema of its own for each case and drops it afterwards.
Without bucket and role the cases that load are left out.

| | cases |
|---|---|
"""
_MEANINGS = {
    "supported": "supported: does what the page says",
    "differs": "differs: does something else, and the case says what",
    "refused": "refused: “… is not supported by the local endpoint” (SQLSTATE 0A000)",
}
_UNVERIFIED = "of all these, unverified: no page of AWS's says so, and nobody has compared it with a cluster yet"


def page(found: list[Topic]) -> str:
    """The whole page."""
    cases = [case for topic in found for case in topic.cases]
    counts = {meaning: [case for case in cases if case.standing == name] for name, meaning in _MEANINGS.items()}
    counts[_UNVERIFIED] = [case for case in cases if case.url is None]
    summary = "".join(f"| {meaning} | {len(some)} |\n" for meaning, some in counts.items())
    return _HEAD + summary + "".join(_section(topic) for topic in found)


def _section(topic: Topic) -> str:
    about = f"{topic.about}\n\n" if topic.about else ""
    return f"\n## {topic.name}\n\n{about}| | here | says |\n|---|---|---|\n" + "".join(map(_line, topic.cases))


def _line(case: Case) -> str:
    note = f"<br>{case.note}" if case.note else ""
    where = "unverified" if case.url is None else f"[{case.url.rsplit('/', 1)[-1].split('.')[0]}]({case.url})"
    standing = case.standing if case.standing == "supported" else f"**{case.standing}**"
    return f"| {_cell(case.name + note)} | {standing} | {where} |\n"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ").strip()


if __name__ == "__main__":
    PAGE.write_text(page(topics()), "utf-8")
