"""``python -m local_aws``: AWS on this machine, until Ctrl-C."""

import argparse
import os
import shlex
import signal
import sys
import time
from pathlib import Path
from typing import NoReturn

from local_aws.child import ChildError
from local_aws.ports import PortTaken
from local_aws.postgres import PostgresFailed
from local_aws.s3 import S3Error
from local_aws.stack import Ports, Stack
from local_aws.state import StateError, StateFolder

CANNOT_START_HERE = 2
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class _Stopped(BaseException):
    """A signal asked us to stop; no ``except Exception`` on the way may hold it."""


def main(arguments: list[str] | None = None) -> int:
    """Run until a signal; 0 if all was stopped in order, 1 if a service failed, 2 if it cannot start here."""
    options = _parser().parse_args(arguments)
    _forget_other_profiles()
    for number in _SIGNALS:
        signal.signal(number, _on_signal)
    state = StateFolder(options.state)
    ports = Ports(options.aws_port, options.s3_port, options.redshift_port)
    stack = Stack(state, ports, bind=options.bind, advertise=options.advertise, require_tls=options.require_tls)
    try:
        _run(stack)
    except _Stopped:
        print("Stopped.", flush=True)
        return 0
    except PortTaken as error:
        return _fail(_name_the_port(error.port, options), CANNOT_START_HERE)
    except StateError as error:
        return _fail(str(error), CANNOT_START_HERE)
    except (ChildError, PostgresFailed, S3Error) as error:
        return _fail(str(error), 1)


def _run(stack: Stack) -> NoReturn:
    began = time.monotonic()
    try:
        stack.start()
        print(_welcome(stack, time.monotonic() - began), flush=True)
        while True:
            time.sleep(1)
            stack.check()
    finally:
        stack.stop()


def _on_signal(_number: int, _frame: object) -> NoReturn:
    for number in _SIGNALS:  # once is enough: a second one must not cut the stopping short
        signal.signal(number, signal.SIG_IGN)
    raise _Stopped


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m local_aws", description="AWS on this machine, until Ctrl-C.")
    parser.add_argument(
        "--state", type=Path, default=Path(".run/aws"), help="folder that keeps everything (%(default)s)"
    )
    parser.add_argument("--advertise", default="127.0.0.1", help="host that clients are told (%(default)s)")
    parser.add_argument("--bind", default="127.0.0.1", help="address to listen on (%(default)s)")
    parser.add_argument("--require-tls", action="store_true", help="let no client into Redshift without TLS")
    for option, service in (("aws", "IAM, EC2, …"), ("s3", "S3"), ("redshift", "Redshift's SQL")):
        variable, default = f"{option.upper()}_PORT", str(getattr(Ports, option))
        parser.add_argument(
            f"--{option}-port",
            type=int,
            default=os.environ.get(variable, default),
            metavar="PORT",
            help=f"port of {service}; also by {variable} (%(default)s)",
        )
    return parser


def _name_the_port(port: int, options: argparse.Namespace) -> str:
    for option in ("aws", "s3", "redshift"):
        if getattr(options, f"{option}_port") == port:
            return f"Port {port} is taken. Choose another one with --{option}-port or {option.upper()}_PORT."
    return f"Port {port} was taken while starting. Start again."


def _welcome(stack: Stack, seconds: float) -> str:
    where = stack.endpoints()
    sql = f"{where['redshift_host']}:{where['redshift_port']}"
    lines = [
        f"AWS is up on this machine, in {seconds:.1f} s. Ctrl-C stops it; {stack.state.path} keeps everything.",
        f"  IAM, EC2, STS, Secrets Manager, Redshift's control plane  {where['aws_url']}",
        f"  S3                                                        {where['s3_url']}",
        f"  Redshift (SQL)                                            {sql}",
    ]
    if sys.stdout.isatty():
        return "\n".join([*lines, "To use it, in another terminal:", stack.state.exports_file.read_text().rstrip()])
    # Not a terminal but a log, where the secret key must not stand.
    return "\n".join([*lines, f"To use it: . {shlex.quote(str(stack.state.exports_file))}"])


def _forget_other_profiles() -> None:
    """moto opens boto3 sessions of its own, which must not fail for a profile that is the user's business."""
    for name in ("AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        os.environ.pop(name, None)


def _fail(message: str, code: int) -> int:
    print(message, file=sys.stderr, flush=True)
    return code


if __name__ == "__main__":
    sys.exit(main())
