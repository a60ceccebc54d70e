"""``python -m generator``: synthetic students as CSV files, in a folder or a bucket."""

from __future__ import annotations

import argparse
import re
import sys
from typing import Any, Sequence

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
    found = re.fullmatch(r"([0-9]{1,4})(?:-([0-9]{1,4}))?", text)
    if not found:
        raise argparse.ArgumentTypeError(f"{text!r} is neither a number nor a range such as 1-6")
    return tuple(range(int(found[1]), int(found[2] or found[1]) + 1))


_DEFAULT = Options(to="generated_data")
_SEVERAL = {"nargs": "+", "type": _numbers}
_OPTIONS: tuple[tuple[str, str, object, dict[str, Any]], ...] = (
    ("--to", "folder or s3://bucket/prefix", _DEFAULT.to, {"metavar": "PLACE"}),
    ("--students", "how many", _DEFAULT.students, {"type": int, "metavar": "N"}),
    ("--degrees", f"of {', '.join(DEGREES)}", _DEFAULT.degrees, {"nargs": "+", "metavar": "NAME"}),
    ("--years", "such as 2019 or 2018-2020", [_DEFAULT.years], {**_SEVERAL, "metavar": "YEAR"}),
    ("--months", "such as 1 2 or 1-6", [_DEFAULT.months], {**_SEVERAL, "metavar": "MONTH"}),
    ("--seed", "another number, other students", _DEFAULT.seed, {"type": int}),
    (
        "--bad-rows",
        f"plant N records that a warehouse refuses; {MANIFEST} tells where",
        0,
        {"type": int, "metavar": "N"},
    ),
    ("--bad-in", "only in files like 'data_science/2019/1/*'", "*", {"metavar": "PATTERN"}),
    ("--processes", "how many; as many as pay if not given", None, {"type": int, "metavar": "N"}),
)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m generator",
        description="Make synthetic students: what they watch, ask, hand in and think, month by month, as CSV files.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    for name, about, default, more in _OPTIONS:
        shown = "" if default is None else f" (default: {_as_written(default)})"
        parser.add_argument(name, help=about + shown, default=default, **more)
    return parser


def _as_written(default: object) -> str:
    """A default as one would write it on the command line."""
    if default == [_DEFAULT.months]:
        return "1-12"
    values = default[0] if isinstance(default, list) else default
    return " ".join(map(str, values)) if isinstance(values, tuple) else str(values)


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
