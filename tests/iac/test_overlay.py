"""The overlay: what provisioning found, read back by the settings, with nothing else lost."""

from pathlib import Path

import pytest

from iac import overlay
from warehouse.login import tls
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


@pytest.mark.parametrize(
    ("host", "sslmode"),
    [("one.abc.us-west-2.redshift.amazonaws.com", "verify-full"), ("127.0.0.1", "prefer"), ("::1", "prefer")],
)
def test_an_endpoint_with_a_name_must_prove_it(cfg: Path, host: str, sslmode: str) -> None:
    path = overlay_path(cfg)
    overlay.write(path, host="before.example", port=1, role_arn=ROLE)
    overlay.write(path, host=host, port=1, role_arn=ROLE)
    assert tls(load(cfg)) == {"sslmode": sslmode}
    path.write_text(path.read_text("utf-8") + "\n[redshift]\n".replace("[redshift]", "# root"), encoding="utf-8")
    overlay.clear(path)
    assert tls(load(cfg)) == {"sslmode": "prefer"}


def test_root_certificates_are_named_by_the_cfg(cfg: Path) -> None:
    cfg.write_text(cfg.read_text("utf-8").replace("sslmode = prefer", "sslmode = verify-full\nsslrootcert = /ca.pem"))
    assert tls(load(cfg)) == {"sslmode": "verify-full", "sslrootcert": "/ca.pem"}


def test_it_lies_elsewhere_where_the_cfg_s_folder_cannot_be_written(
    cfg: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = tmp_path / "found" / "overlay.cfg"
    elsewhere.parent.mkdir()
    monkeypatch.setenv("UDACITY_DWH_CFG", str(cfg))
    monkeypatch.setenv("UDACITY_DWH_OVERLAY", str(elsewhere))
    overlay.write(overlay_path(), host="one.example", port=5440, role_arn=ROLE)
    assert load().host == "one.example"
    assert load(cfg).host is None  # a cfg that is named has its own
    monkeypatch.setenv("UDACITY_DWH_OVERLAY", "")
    assert overlay_path() == overlay_path(cfg)
