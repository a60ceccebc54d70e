"""Mend rows that Redshift refused or that fail a check, put them back, and let the held facts go on.

repair list                                  what waits for a person, of all tables and months
repair show TABLE                            the rows that wait, and the checks that fail
repair export TABLE FILE, import TABLE FILE  mend them in a spreadsheet (or UPDATE the error table by SQL)
repair put-back TABLE                        put what is mended into staging
repair discard TABLE --line N --why "…"      give a record up
repair set-aside TABLE CHECK                 move rows that fail a check into the error table
repair accept TABLE CHECK --why "…"          let the check fail for this month
repair rebuild TABLE                         load the month anew from S3; repairs are applied again
"""

from __future__ import annotations

import argparse
import getpass
import sys
from datetime import date
from pathlib import Path
from typing import Any, Sequence

import psycopg2

from warehouse import ledger, load, login, objects, repair, repair_report, repair_sheet, set_aside, settings, settlement
from warehouse.redshift import in_transaction
from warehouse.repair import Place, RepairError


class Warehouse:
    """The warehouse that the cfg tells of, and S3, with credentials by boto3's usual chain."""

    def __init__(self) -> None:
        self.settings = settings.load()
        self._login = login.login(self.settings)

    def connect(self) -> Any:
        """Open a connection to Redshift."""
        return login.connect(self.settings, self._login)

    def s3(self) -> Any:
        """A client of S3."""
        import boto3  # needed by few of the commands

        return boto3.client("s3", region_name=self.settings.region)


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what the command line says; 0 if it is done, 1 if rows are wrong or nowhere still, 2 if it cannot be done."""
    options = _parser().parse_args(arguments)
    try:
        return int(options.run(Warehouse(), options))
    except (RepairError, settings.SettingsError, load.Refused) as error:
        print(error, file=sys.stderr)
    except (objects.MissingObject, objects.ObjectChanged, ledger.NotLoaded, settlement.Overtaken) as error:
        print(error, file=sys.stderr)
    except psycopg2.errors.UndefinedTable as error:
        print(
            f"{str(error).splitlines()[0]}: the pipeline's first task makes the tables. Run it once.", file=sys.stderr
        )
    except psycopg2.Error as error:
        print(f"Redshift: {str(error).strip()}\nNothing was changed.", file=sys.stderr)
    return 2


def _list(warehouse: Warehouse, _: argparse.Namespace) -> int:
    text = in_transaction(warehouse.connect, repair_report.overview)
    print(text or "Nothing waits: every loaded file is accounted for, and every check holds or is accepted.")
    return 0


def _show(warehouse: Warehouse, options: argparse.Namespace) -> int:
    place = _place(warehouse, options)
    print(in_transaction(warehouse.connect, lambda cursor: repair_report.details(cursor, place)))
    return 0


def _export(warehouse: Warehouse, options: argparse.Namespace) -> int:
    place = _place(warehouse, options)
    rows = repair_sheet.export(warehouse.connect, place, options.file)
    where = sys.stderr if options.file == repair_sheet.STREAM else sys.stdout
    print(f"{rows} rows are in {options.file}. Mend the columns, save it as CSV, then:", file=where)
    print(f"  repair import {place.table_name} {options.file}", file=where)
    return 0


def _import(warehouse: Warehouse, options: argparse.Namespace) -> int:
    place = _place(warehouse, options)
    changed, settled = repair_sheet.bring_back(warehouse.connect, place, options.file)
    known = f" {settled} of the file are settled already." if settled else ""
    print(f"{changed} rows of {place.errors.name} changed.{known} Next:\n  repair put-back {place.table_name}")
    return 0


def _put_back(warehouse: Warehouse, options: argparse.Namespace) -> int:
    place = _place(warehouse, options)
    done = repair.put_back(warehouse.connect, place)
    print(f"{done.rows} rows were put into {place.table_name}; {len(done.wrong)} are still wrong.")
    for wrong in done.wrong:
        print("\n".join(f"  line {wrong.line_number}: {fault}" for fault in wrong.faults))
    _next(place, left=len(done.wrong))
    return 1 if done.wrong else 0


def _discard(warehouse: Warehouse, options: argparse.Namespace) -> int:
    place = _place(warehouse, options)
    if options.unaccounted is not None:
        repair.discard_unaccounted(warehouse.connect, place, options.unaccounted, options.why)
        print(f"{options.unaccounted} records are settled as unaccounted for.")
    else:
        count = repair.discard(warehouse.connect, place, options.line, options.why)
        print(f"{count} records were given up; load_repairs keeps them.")
    _next(place, in_transaction(warehouse.connect, lambda cursor: repair_report.rows_left(cursor, place)))
    return 0


def _set_aside(warehouse: Warehouse, options: argparse.Namespace) -> int:
    place, s3 = _place(warehouse, options), warehouse.s3()
    count = set_aside.set_aside(
        warehouse.connect, place, options.check, lambda entry: objects.read(s3, objects.version(entry))
    )
    print(f"{count} rows wait in {place.errors.name} now. Mend or discard them there, and put them back.")
    return 0


def _accept(warehouse: Warehouse, options: argparse.Namespace) -> int:
    place = _place(warehouse, options)
    check = repair.accept(warehouse.connect, place, options.check, options.why)
    print(f"{check.name} may fail for {place.table_name} in {place.load_month[:7]}.")
    _next(place, task="data_quality")
    return 0


def _rebuild(warehouse: Warehouse, options: argparse.Namespace) -> int:
    place = _place(warehouse, options)
    known = warehouse.settings
    if place.degree is None:
        raise RepairError(f"{place.table_name} is a dimension: clear {place.task('load')} with its downstream.")
    year, month = place.load_month[:4], str(int(place.load_month[5:7]))
    order = load.Order(
        source=place.source,
        degree=place.degree,
        load_month=place.load_month,
        bucket=known.bucket,
        key=place.source.s3_key(place.degree, year, month),
        role_arn=known.role_arn or "",
        region=known.region,
        recorded_by=place.who,
    )
    s3 = warehouse.s3()
    loaded = load.load(warehouse.connect, s3, order)
    print(f"{loaded.rows} of {loaded.records} records were loaded.")
    place_args = (place.source, place.degree, place.load_month, place.who)
    entry = settlement.settle(warehouse.connect, s3, *place_args).entry
    print(entry.detail or "Every record is accounted for.")
    settled = entry.status == ledger.SETTLED
    _next(place, left=int(not settled))
    return 0 if settled else 1


def _next(place: Place, left: int = 0, task: str = "stl_check") -> None:
    if left:
        print(f"Mend what is left, then: repair put-back {place.table_name}")
        return
    name = place.task(task)
    print(f"Next: clear {name} of {date.fromisoformat(place.load_month):%B %Y} with its downstream,")
    print("in Airflow's web UI, or by `make run` on a laptop. The facts that it holds are built then.")


def _place(warehouse: Warehouse, options: argparse.Namespace) -> Place:
    source, degree = repair.find_table(options.table)
    month = f"{options.month}-01" if options.month else None
    name = source.table_name(degree)
    if month is None:
        months = in_transaction(
            warehouse.connect,
            lambda cursor: [entry.load_month for entry in ledger.waiting(cursor) if entry.table_name == name],
        )
        if len(months) != 1:
            which = f"waits in {', '.join(found[:7] for found in months)}" if months else "has nothing that waits"
            raise RepairError(f"{name} {which}. Name the month you mean: --month 2019-01")
        month = months[0]
    return Place(source, degree, month, options.by)


def _month(text: str) -> str:
    try:
        date.fromisoformat(f"{text}-01")
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no month like 2019-01") from None
    return text


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="repair", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def command(name: str, run: Any, about: str, *, why: bool = False) -> argparse.ArgumentParser:
        sub = commands.add_parser(name, help=about, description=about)
        sub.set_defaults(run=run)
        if name != "list":
            sub.add_argument("table", help="the staging table (or its error table), such as data_science_video_log")
            sub.add_argument("--month", type=_month, help="such as 2019-01; needed if several months wait")
        if why:
            sub.add_argument("--why", required=True, help="the reason; it is kept")
        sub.add_argument("--by", default=_user(), help="who does it; it is kept (%(default)s)")
        return sub

    command("list", _list, "what waits for a person")
    command("show", _show, "the rows that wait, and the checks that fail")
    command("export", _export, "write the rows that wait to a CSV file (-: to stdout)").add_argument("file", type=Path)
    command("import", _import, "take mended rows from an exported file (-: from stdin)").add_argument("file", type=Path)
    command("put-back", _put_back, "put what is mended into staging")
    discard = command("discard", _discard, "give records up", why=True).add_mutually_exclusive_group(required=True)
    discard.add_argument("--line", type=int, action="append", help="the record's line; may be given several times")
    discard.add_argument("--unaccounted", type=int, metavar="N", help="settle N records that are nowhere")
    command("set-aside", _set_aside, "move rows that fail a check into the error table").add_argument("check")
    command("accept", _accept, "let a check fail for this month", why=True).add_argument("check")
    command("rebuild", _rebuild, "load the month anew from S3")
    return parser


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a user id that the system has no name for
        return "unknown"


if __name__ == "__main__":
    sys.exit(main())
