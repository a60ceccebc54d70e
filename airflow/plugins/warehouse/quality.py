"""Examine a settled file: run its checks, heed what persons have accepted, and note the verdict in the ledger."""

from __future__ import annotations

from dataclasses import dataclass, replace

from warehouse import checks, ledger, repairs
from warehouse.checks import Finding
from warehouse.model import Source
from warehouse.redshift import Connect, Cursor, in_transaction, lock
from warehouse.repairs import Repair

_CHECKABLE = (ledger.SETTLED, ledger.FAILED, ledger.PASSED)


class NotReady(Exception):
    """The table is not settled, or a dimension that its checks look into has not passed, or both changed meanwhile."""


@dataclass(frozen=True)
class Verdict:
    """The checks that do not hold, those of them that a person accepted, and the others of level ``error`` in words."""

    findings: tuple[Finding, ...]
    accepted: tuple[Repair, ...]
    errors: str


def examine(connect: Connect, source: Source, degree: str | None, load_month: str, recorded_by: str) -> Verdict:
    """Run the checks of the month's rows (all rows of a dimension); ``passed`` or ``failed`` goes to the ledger.

    Raises NotReady.
    """
    name = source.table_name(degree)
    entry, verdict = in_transaction(connect, lambda cursor: _look(cursor, source, degree, load_month))

    def decide(cursor: Cursor) -> None:
        # The checks may take long. Only now is the ledger kept from others, and looked at again.
        lock(cursor, ledger.LEDGER.name)
        if ledger.newest(cursor, name, load_month) != entry:
            raise NotReady(f"{name} was loaded or mended while it was checked. Clear this task.")
        status = ledger.FAILED if verdict.errors else ledger.PASSED
        words = [verdict.errors, *(f"{one.check_name} is accepted: {one.reason}" for one in verdict.accepted)]
        detail = "\n".join(filter(None, words)) or None
        ledger.add(cursor, replace(entry, status=status, recorded_by=recorded_by, detail=detail))

    in_transaction(connect, decide)
    return verdict


def _look(cursor: Cursor, source: Source, degree: str | None, load_month: str) -> tuple[ledger.Entry, Verdict]:
    name = source.table_name(degree)
    statuses = ledger.status(cursor, [name, *source.reads], load_month)
    held = ledger.not_passed(statuses, source.reads)
    if name not in statuses or statuses[name].status not in _CHECKABLE:
        held.append(f"{name} is not settled for {load_month}: see the log of the task before this one.")
    if held:
        raise NotReady("Cannot be checked yet. " + "\n".join(held))
    entry = statuses[name]
    may_fail = repairs.accepted(repairs.of_version(cursor, entry))
    findings = tuple(checks.run(cursor, source, degree, load_month))
    accepted = tuple(may_fail[finding.check.name] for finding in findings if finding.check.name in may_fail)
    failed = [one for one in findings if one.check.level == "error" and one.check.name not in may_fail]
    return entry, Verdict(findings, accepted, _in_words(name, load_month, failed))


def _in_words(name: str, load_month: str, failed: list[Finding]) -> str:
    if not failed:
        return ""
    month = load_month[:7]
    return "\n".join(
        [
            *map(str, failed),
            "Move the rows into the error table and mend them there (each check by its name or kind):"
            f" `repair set-aside {name} CHECK --month {month}`; or let it be so this month:"
            f" `repair accept {name} CHECK --month {month} --why …`.",
        ]
    )
