"""Make or update the web UI's administrator: ``admin_user.py USERNAME PASSWORD_FILE``.

The password comes from a file: on a command line or in the environment others could read it.
"""

from __future__ import annotations

import sys
from pathlib import Path

from airflow.providers.fab.auth_manager.cli_commands.utils import get_application_builder


def main(username: str, password_file: str) -> int:
    """Create the user with the role Admin, or give the existing one this password."""
    password = Path(password_file).read_text(encoding="utf-8").strip()
    if not password:
        print(f"{password_file} is empty: write the password of {username} into it.", file=sys.stderr)
        return 1
    with get_application_builder() as builder:
        manager = builder.sm
        user = manager.find_user(username=username)
        if user:
            manager.reset_password(user.id, password)
        else:
            role = manager.find_role("Admin")
            user = manager.add_user(username, "Local", "Admin", f"{username}@localhost", role, password=password)
    print(f"User {username} is set.")
    return 0 if user else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
