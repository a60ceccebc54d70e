"""What provisioning found out, beside the cfg: ``udacity_dwh.overlay.cfg``, which the pipeline reads over it."""

import configparser
import os
from ipaddress import ip_address
from pathlib import Path

FOUND = (("redshift", "host"), ("redshift", "port"), ("redshift", "sslmode"), ("iam", "role_arn"))


def write(path: Path, *, host: str, port: int, role_arn: str) -> bool:
    """Note where the warehouse is; False if that is what the file says already. Other settings in it stay.

    An endpoint with a name has a certificate that proves it: clients then ask for that proof.
    """
    overlay = _read(path)
    before = _values(overlay)
    for (section, option), value in zip(FOUND, (host, str(port), sslmode(host), role_arn), strict=True):
        if not overlay.has_section(section):
            overlay.add_section(section)
        if value:
            overlay.set(section, option, value)
        else:
            overlay.remove_option(section, option)
    if _values(overlay) == before:
        return False
    _replace(path, overlay)
    return True


def clear(path: Path) -> None:
    """Forget where the warehouse was."""
    overlay = _read(path)
    for section, option in FOUND:
        if overlay.has_section(section):
            overlay.remove_option(section, option)
            if not overlay.options(section):
                overlay.remove_section(section)
    if overlay.sections():
        _replace(path, overlay)
    else:
        path.unlink(missing_ok=True)


def _read(path: Path) -> configparser.ConfigParser:
    overlay = configparser.ConfigParser(interpolation=None)
    overlay.read(path, encoding="utf-8")
    return overlay


def sslmode(host: str) -> str | None:
    """verify-full for a name, which a certificate can prove; None for a bare address: the cfg says what holds there."""
    try:
        ip_address(host)
    except ValueError:
        return "verify-full"
    return None


def _values(overlay: configparser.ConfigParser) -> dict[str, dict[str, str]]:
    return {section: dict(overlay.items(section)) for section in overlay.sections()}


def _replace(path: Path, overlay: configparser.ConfigParser) -> None:
    """Whole or not at all: the scheduler may read it at this moment."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    with beside.open("w", encoding="utf-8") as file:
        file.write("# Written by `python -m iac`; what stands here wins over the cfg beside it.\n\n")
        overlay.write(file)
    beside.replace(path)
