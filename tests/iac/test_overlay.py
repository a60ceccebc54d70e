"""The overlay: what provisioning found, read back by the settings, with nothing else lost."""

from pathlib import Path

from iac import overlay
from warehouse.settings import load, overlay_path

ROLE = "arn:aws:iam::123456789012:role/copy"


def test_what_is_written_is_what_the_settings_read(cfg: Path) -> None:
    assert load(cfg).host is None
    path = overlay_path(cfg)
    assert overlay.write(path, host="one.example", port=5440, role_arn=ROLE)
    found = load(cfg)
    assert (found.host, found.port, found.role_arn) == ("one.example", 5440, ROLE)
    assert not overlay.write(path, host="one.example", port=5440, role_arn=ROLE)
    assert overlay.write(path, host="one.example", port=5441, role_arn=ROLE)
    assert load(cfg).port == 5441
    assert sorted(file.name for file in cfg.parent.iterdir()) == [cfg.name, path.name]


def test_a_persons_own_settings_stay(cfg: Path) -> None:
    path = overlay_path(cfg)
    path.write_text("[s3]\nbucket = my-own-100%\n", encoding="utf-8")
    overlay.write(path, host="h", port=1, role_arn=ROLE)
    assert load(cfg).bucket == "my-own-100%"
    overlay.clear(path)
    found = load(cfg)
    assert (found.bucket, found.host, found.port) == ("my-own-100%", None, 5439)


def test_an_empty_overlay_goes(cfg: Path) -> None:
    path = overlay_path(cfg)
    overlay.write(path, host="h", port=1, role_arn=ROLE)
    overlay.clear(path)
    assert not path.exists()
    overlay.clear(path)
