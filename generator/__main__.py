"""``python -m generator``: synthetic students as CSV files, in a folder or a bucket."""

from __future__ import annotations

import argparse
import sys
from typing import Sequence

from tqdm import tqdm

from generator.curriculum import DEGREES
from generator.destination import DestinationError
from generator.options import OptionError, Options
from generator.run import MANIFEST, generate, steps

_EXAMPLES = """examples:
  python -m generator --to sample_data --months 1 2
  python -m generator --to s3://my-bucket/students --students 1000000 --years 2018-2020
  python -m generator --to bad --degrees data_science --months 1 --bad-rows 40 --bad-in '*/project_feedback.csv'

The same options give the same bytes on every machine, however many processes write them. Files of the same name are
replaced, each when its successor is whole; others are left alone. S3 is found as boto3 finds it (AWS_ENDPOINT_URL_S3,
AWS_PROFILE and so on).
"""


def _numbers(text: str) -> tuple[int, ...]:
    """``2019`` or ``2018-2020``."""
    first, _, last = text.partition("-")
    return tuple(range(int(first), int(last or first) + 1))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m generator",
        description="Make synthetic students: what they watch, ask, hand in and think, month by month, as CSV files.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add, default = parser.add_argument, Options(to="generated_data")
    shown = {name: " ".join(map(str, getattr(default, name))) for name in ("degrees", "years")}
    add("--to", default=default.to, metavar="PLACE", help=f"folder or s3://bucket/prefix (default: {default.to})")
    add("--students", type=int, default=default.students, metavar="N", help=f"how many (default: {default.students})")
    add(
        "--degrees",
        nargs="+",
        default=default.degrees,
        metavar="NAME",
        help=f"of {', '.join(DEGREES)} (default: {shown['degrees']})",
    )
    add(
        "--years",
        nargs="+",
        type=_numbers,
        default=[default.years],
        metavar="YEAR",
        help=f"e.g. 2019 or 2018-2020 (default: {shown['years']})",
    )
    add(
        "--months",
        nargs="+",
        type=_numbers,
        default=[default.months],
        metavar="MONTH",
        help="e.g. 1 2 or 1-6 (default: 1-12)",
    )
    add("--seed", type=int, default=default.seed, help=f"another number, other students (default: {default.seed})")
    add(
        "--bad-rows",
        type=int,
        default=0,
        metavar="N",
        help=f"plant N records that a warehouse refuses; {MANIFEST} tells what stands where",
    )
    add(
        "--bad-in",
        default="*",
        metavar="PATTERN",
        help="only in files that match, e.g. 'data_science/2019/1/*' (default: all)",
    )
    add("--processes", type=int, metavar="N", help="default: as many as pay")
    return parser


def _options(arguments: Sequence[str] | None) -> Options:
    """The options as given. Raises OptionError."""
    given = vars(_parser().parse_args(arguments))
    for name in ("years", "months"):
        given[name] = tuple(number for numbers in given[name] for number in numbers)
    given["degrees"] = tuple(given["degrees"])
    return Options(**given)


def main(arguments: Sequence[str] | None = None) -> int:
    """Generate, with a progress bar on a terminal, then a summary; the exit status."""
    try:
        options = _options(arguments)
        with tqdm(total=steps(options), unit="block", disable=None, leave=False) as bar:
            summary = generate(options, bar.update)
    except (OptionError, DestinationError) as error:
        print(f"generator: {error}", file=sys.stderr)
        return 2 if isinstance(error, OptionError) else 1
    except KeyboardInterrupt:
        print("generator: stopped; files that have their name are whole.", file=sys.stderr)
        return 130
    print(f"{options.to}: {summary}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
