# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keys, identities and configuration on disk."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
from ansible_collections.pgha.cluster.plugins.module_utils.common.errors import PghaError
from ansible_collections.pgha.cluster.plugins.module_utils.common.runner import Completed
from ansible_collections.pgha.cluster.plugins.module_utils.lab.files import (
    File,
    LabFiles,
    bmc_configuration,
)
from ansible_collections.pgha.cluster.tests.support.labs import some_lab


def fake_keygen(
    argv: Sequence[str], *, timeout: float, stdin: str | None = None, env: Mapping[str, str] | None = None
) -> Completed:
    """Write what ssh-keygen would."""
    path = Path(argv[argv.index("-f") + 1])
    assert not path.exists(), "ssh-keygen would ask a person whether to overwrite"
    path.write_text("private\n")
    Path(f"{path}.pub").write_text(f"ssh-ed25519 AAAA{path.parent.name} comment\n")
    return Completed(0, "", "")


@pytest.fixture
def files(tmp_path: Path) -> LabFiles:
    """Return the files of a lab that has claimed its directory and nothing else."""
    (tmp_path / "demo").mkdir()
    return LabFiles(some_lab(root=str(tmp_path)), fake_keygen)


def write_all(files: LabFiles) -> None:
    """Make and write everything."""
    files.make()
    for file in files.outdated():
        files.write(file)


def test_after_writing_nothing_is_missing_or_outdated(files: LabFiles) -> None:
    assert files.missing()
    write_all(files)
    assert files.missing() == []
    assert files.outdated() == []


def test_what_is_made_once_is_kept(files: LabFiles) -> None:
    write_all(files)
    password = (files.root / "bmc_password").read_text()
    files.make()
    assert (files.root / "bmc_password").read_text() == password


def test_an_interrupted_key_is_made_anew(files: LabFiles) -> None:
    write_all(files)
    (files.root / "n1/ssh_host_ed25519_key.pub").unlink()
    assert files.missing() == ["n1/ssh_host_ed25519_key.pub"]
    files.make()
    assert files.missing() == []


def test_secrets_are_for_their_owner_alone(files: LabFiles) -> None:
    write_all(files)
    for path in ("bmc_password", "n1/bmc/lan.conf"):
        assert (files.root / path).stat().st_mode & 0o077 == 0, path
    assert files.root.joinpath("ssh").stat().st_mode & 0o077 == 0


def test_ssh_knows_every_server_at_every_address(files: LabFiles) -> None:
    write_all(files)
    lines = (files.root / "known_hosts").read_text().splitlines()
    assert "10.78.2.11 ssh-ed25519 AAAAn1" in lines
    assert len(lines) == 9


def test_a_changed_file_is_written_again(files: LabFiles) -> None:
    write_all(files)
    (files.root / "n2/bmc/lan.conf").write_text("old")
    assert [file.path for file in files.outdated()] == ["n2/bmc/lan.conf"]


def test_a_read_only_file_can_be_replaced(files: LabFiles) -> None:
    write_all(files)
    files.write(File("n1/hardware/dmi/id/product_uuid", "new\n", 0o444))
    assert (files.root / "n1/hardware/dmi/id/product_uuid").read_text() == "new\n"


def test_server_and_management_controller_have_the_same_identity(files: LabFiles) -> None:
    lab = files.lab
    text = bmc_configuration(lab, lab.servers[0], "secret")
    guid = next(line.split()[1] for line in text.splitlines() if line.strip().startswith("guid"))
    write_all(files)
    shown = (files.root / "n1/hardware/dmi/id/product_uuid").read_text().strip()
    assert str(uuid.UUID(bytes_le=bytes.fromhex(guid))) == shown
    assert 'user 2 true "admin" "secret"' in text
    assert f'chassis_control "{lab.directory}/server n1"' in text


def test_a_password_fits_what_ipmi_takes(files: LabFiles) -> None:
    files.make()
    password = (files.root / "bmc_password").read_text().strip()
    assert len(password) == 16
    assert password.isalnum()


def test_a_key_that_cannot_be_made_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "demo").mkdir()
    broken = LabFiles(some_lab(root=str(tmp_path)), lambda *_args, **_options: Completed(1, "", "no entropy"))
    with pytest.raises(PghaError, match="key of the lab"):
        broken.make()
