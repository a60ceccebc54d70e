"""``python -m iac up | upload FOLDER | status | pause | resume | down``."""

import argparse
import sys
from pathlib import Path

from iac import inventory, provisioning
from iac.faults import IacError
from iac.files import upload_folder
from iac.plan import Plan, load
from warehouse.settings import SettingsError


def main(arguments: list[str] | None = None) -> int:
    """Do what the command line says; 0 if it is done, 1 if not."""
    options = _parser().parse_args(arguments)
    try:
        return _run(options, load())
    except (IacError, SettingsError) as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nStopped; running it again goes on from here.", file=sys.stderr)
        return 1


def _run(options: argparse.Namespace, plan: Plan) -> int:
    if options.command == "upload":
        upload_folder(plan, options.folder)
    elif options.command == "down":
        done = inventory.deprovision(
            plan, lambda doomed: options.yes or _confirm(doomed, plan.name), snapshot=options.final_snapshot
        )
        return 0 if done else 1
    else:
        work = {
            "up": provisioning.provision,
            "status": inventory.status,
            "pause": provisioning.pause,
            "resume": provisioning.resume,
        }
        work[options.command](plan)
    return 0


def _confirm(doomed: list[str], name: str) -> bool:
    print("This will be deleted:", *doomed, sep="\n  ")
    try:
        return input(f"Type the name of the cluster ({name}) to delete it all: ") == name
    except EOFError:
        raise IacError("Nobody is there to confirm: nothing was deleted. To delete without a question: --yes") from None


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m iac", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("up", help="make bucket, role, policies, cluster and access as far as they are missing")
    send = commands.add_parser("upload", help="send the students' files that changed")
    send.add_argument("folder", type=Path, help="folder whose files become objects, such as sample_data")
    commands.add_parser("status", help="tell what there is, what it costs, and whether it can be reached")
    commands.add_parser("pause", help="pause the cluster: its storage alone is billed")
    commands.add_parser("resume", help="resume the cluster")
    down = commands.add_parser("down", help="delete all of it, after a question")
    down.add_argument("--yes", action="store_true", help="do not ask")
    down.add_argument(
        "--no-final-snapshot", dest="final_snapshot", action="store_false", help="keep no copy of the cluster's data"
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
