# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A clone is checked before it is put in place, and what was there is moved aside, wherever it is interrupted."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from ansible_collections.pgha.cluster.plugins.module_utils.common.errors import PghaError
from ansible_collections.pgha.cluster.plugins.module_utils.common.runner import Completed
from ansible_collections.pgha.cluster.plugins.module_utils.postgres import clone as cloning
from ansible_collections.pgha.cluster.plugins.module_utils.postgres import place as placing
from ansible_collections.pgha.cluster.plugins.module_utils.postgres.clone import (
    CloneOptions,
    argv,
    claimed,
    clone,
    links,
    sweep,
)
from ansible_collections.pgha.cluster.plugins.module_utils.postgres.files import beside, in_service, record
from ansible_collections.pgha.cluster.plugins.module_utils.postgres.place import drop_older, put_in_place

OPTIONS = CloneOptions(
    connection={"host": "10.0.1.100", "user": "pgha_replication", "sslmode": "verify-ca"},
    slot="pgha_n2",
    checkpoint="fast",
    max_rate=0,
    tablespaces={},
    timeout=30,
)
# Copies nothing, but leaves what pg_basebackup leaves: data, a link to each mapped tablespace, and a line of progress.
COPY = """#!/bin/sh
for word in "$@"; do case "$word" in
    --pgdata=*) place="${word#--pgdata=}"; mkdir -p "$place/global" "$place/pg_tblspc"
        echo new > "$place/global/pg_control";;
    --tablespace-mapping=*) new="${word##*=}"; mkdir -p "$new/PG_15_1"
        echo new > "$new/PG_15_1/table"; echo "$new" >> "$0.links";;
esac; done
[ ! -f "$0.links" ] || while read -r new; do ln -s "$new" "$place/pg_tblspc/16384"; done < "$0.links"
rm -f "$0.links"
echo "2048/2048 kB (100%), 1/1 tablespace" >&2
"""


class Verify:
    """Stands for pg_verifybackup."""

    def __init__(self, rc: int = 0) -> None:
        self.rc = rc

    def __call__(
        self, argv: Sequence[str], *, timeout: float, stdin: str | None = None, env: Mapping[str, str] | None = None
    ) -> Completed:
        return Completed(self.rc, "", "checksum mismatch")


@pytest.fixture(name="binaries")
def _binaries(tmp_path: Path) -> Path:
    directory = tmp_path / "bin"
    directory.mkdir()
    (directory / "pg_basebackup").write_text(COPY)
    (directory / "pg_basebackup").chmod(0o755)
    return directory


@pytest.fixture(name="data")
def _data(tmp_path: Path) -> Path:
    directory = tmp_path / "main"
    (directory / "global").mkdir(parents=True)
    (directory / "global" / "pg_control").write_text("old\n")
    return directory


@pytest.fixture(name="extra")
def _extra(tmp_path: Path, data: Path) -> Path:
    """A tablespace of the old data."""
    directory = tmp_path / "extra"
    (directory / "PG_15_1").mkdir(parents=True)
    (directory / "PG_15_1" / "table").write_text("old\n")
    (data / "pg_tblspc").mkdir()
    (data / "pg_tblspc" / "16384").symlink_to(directory)
    return directory


def content(directory: Path) -> str:
    return (directory / "global" / "pg_control").read_text().strip()


def rows(directory: Path) -> str:
    """What a server that is started in the directory finds in its tablespace."""
    return (directory / "pg_tblspc" / "16384" / "PG_15_1" / "table").read_text().strip()


def copy(data: Path, binaries: Path, options: CloneOptions = OPTIONS, *, stamp: str = "1", rc: int = 0) -> int:
    with claimed(data) as progress:
        return clone(data, binaries, options, {"stamp": stamp}, progress, runner=Verify(rc))


def replaced(data: Path, binaries: Path, options: CloneOptions = OPTIONS, *, stamp: str = "1") -> str:
    copy(data, binaries, options, stamp=stamp)
    return put_in_place(data)


def with_tablespace(extra: Path) -> CloneOptions:
    return replace(OPTIONS, tablespaces={str(extra): str(extra)})


def test_the_call_holds_slot_checkpoint_and_no_secret() -> None:
    options = replace(OPTIONS, password="hush", max_rate=500, connection={"sslrootcert": "/it's here"})
    call = argv(options, Path("/usr/lib/postgresql/15/bin"), Path("/data/main.pgha-clone"))
    assert call[0] == "/usr/lib/postgresql/15/bin/pg_basebackup"
    for word in ("--slot=pgha_n2", "--checkpoint=fast", "--wal-method=stream", "--no-password", "--max-rate=500k"):
        assert word in call
    assert "--dbname=application_name='pgha_clone' sslrootcert='/it\\'s here'" in call
    assert "hush" not in f"{call}{options}"


def test_a_tablespace_goes_to_where_no_server_looks() -> None:
    options = replace(OPTIONS, tablespaces={"/srv/a=b": "/srv/c"})
    assert "--tablespace-mapping=/srv/a\\=b=/srv/c/pgha-clone" in argv(options, Path("/bin"), Path("/d"))


def test_the_password_comes_by_the_environment(data: Path, binaries: Path) -> None:
    script = '#!/bin/sh\necho "password $PGPASSWORD, language $LC_ALL" >&2\nexit 1\n'
    (binaries / "pg_basebackup").write_text(script)
    with pytest.raises(PghaError) as failure:
        copy(data, binaries, replace(OPTIONS, password="hush"))
    assert failure.value.said == "password hush, language C"


def test_a_clone_replaces_and_keeps_what_was_there(data: Path, binaries: Path) -> None:
    assert copy(data, binaries) == 2048 * 1024
    assert content(data) == "old", "nothing in service is touched before the copy is checked"
    moved = put_in_place(data)
    assert (content(data), content(Path(moved))) == ("new", "old")
    assert (data / "standby.signal").exists()
    assert (record(data)["in_place"], record(data)["moved_aside"]) == (True, moved)


@pytest.mark.parametrize("bare", [True, False])
def test_where_nothing_was_nothing_is_kept(tmp_path: Path, binaries: Path, bare: bool) -> None:
    data = tmp_path / "main"
    if bare:
        data.mkdir()
        (data / "PG_VERSION").write_text("15\n")
    assert replaced(data, binaries) == ""
    assert content(data) == "new"
    names = ["bin", "main", "main.pgha-clone.json", "main.pgha-progress"]
    assert sorted(one.name for one in tmp_path.iterdir()) == names


def test_there_is_never_a_moment_without_a_data_directory(
    data: Path, binaries: Path, extra: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy(data, binaries, with_tablespace(extra))
    seen: list[str] = []
    for name in ("rename", "replace"):
        real: Callable[..., Path] = getattr(Path, name)

        def watched(self: Path, other: Path, real: Callable[..., Path] = real) -> Path:
            done = real(self, other)
            seen.append(content(data))
            return done

        monkeypatch.setattr(Path, name, watched)
    put_in_place(data)
    assert seen
    assert set(seen) == {"new"}


def test_a_damaged_clone_replaces_nothing_and_frees_the_disk(data: Path, binaries: Path, extra: Path) -> None:
    with pytest.raises(PghaError, match="damaged"):
        copy(data, binaries, with_tablespace(extra), rc=1)
    assert (content(data), rows(data)) == ("old", "old")
    assert not beside(data, "clone").exists()
    assert not (extra / "pgha-clone").exists()


def test_a_copy_that_fails_replaces_nothing_and_says_why(data: Path, binaries: Path) -> None:
    (binaries / "pg_basebackup").write_text("#!/bin/sh\necho 'no space left on device' >&2\nexit 1\n")
    with pytest.raises(PghaError) as failure:
        copy(data, binaries)
    assert "no space left" in failure.value.as_result()["msg"]
    assert content(data) == "old"


def test_a_copy_that_takes_too_long_is_ended(data: Path, binaries: Path) -> None:
    (binaries / "pg_basebackup").write_text('#!/bin/sh\necho $$ > "$0.pid"\nexec sleep 60\n')
    with pytest.raises(PghaError, match="longer than"):
        copy(data, binaries, replace(OPTIONS, timeout=0.5))
    assert not Path("/proc", (binaries / "pg_basebackup.pid").read_text().strip()).exists()


def test_a_copy_that_outlived_its_module_keeps_a_second_one_away(data: Path) -> None:
    with claimed(data) as progress:
        progress.write("1024/2048 kB (50%)\n")
        progress.flush()
        orphan = subprocess.Popen(["sleep", "60"], stdout=progress)
    try:
        with pytest.raises(PghaError, match="under way") as refusal, claimed(data):
            raise AssertionError
        assert refusal.value.said == "1024/2048 kB (50%)"
    finally:
        orphan.kill()
        orphan.wait()
    with claimed(data) as progress:
        assert progress.writable()


@pytest.mark.parametrize(
    "step",
    [
        (cloning, "follow"),
        (cloning, "_verify"),
        (cloning, "write_json"),
        (placing, "_exchange"),
        (placing, "_set_aside"),
        (placing, "_place_tablespace"),
        (placing, "_relink"),
        (placing, "_keep_whole"),
        (placing, "write_json"),
    ],
)
def test_interrupted_at_any_step_the_next_run_completes(
    data: Path, binaries: Path, extra: Path, step: tuple[object, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    options = with_tablespace(extra)
    with monkeypatch.context() as patch:
        patch.setattr(*step, interrupted)
        with pytest.raises(KeyboardInterrupt):
            replaced(data, binaries, options)
    if in_service(data):
        assert not record(data)["in_place"]
        put_in_place(data)
        old = beside(data, "old-1")
    else:
        assert (content(data), rows(data)) == ("old", "old")
        replaced(data, binaries, options, stamp="2")
        old = beside(data, "old-2")
    assert (content(data), rows(data)) == ("new", "new")
    assert (content(old), rows(old)) == ("old", "old")
    assert sorted(one.name for one in extra.iterdir()) == ["PG_15_1", f"pgha-{old.name.split('pgha-')[1]}"]
    assert record(data)["in_place"]


def test_what_is_not_provably_a_copy_is_kept(data: Path, binaries: Path) -> None:
    shutil.copytree(data, beside(data, "checked"))
    replaced(data, binaries, stamp="3")
    assert content(beside(data, "old-3-interrupted")) == "old"


def test_a_sweep_spares_what_is_in_service(data: Path, extra: Path) -> None:
    (extra / "PG_15_1").rename(extra / "in-between")
    (extra / "pgha-clone").mkdir()
    (extra / "in-between").rename(extra / "pgha-clone" / "PG_15_1")
    (data / "pg_tblspc" / "16384").unlink()
    (data / "pg_tblspc" / "16384").symlink_to(extra / "pgha-clone")
    sweep(data, {str(extra): str(extra)}, "1")
    assert rows(data) == "old"


def test_older_ones_go_with_their_tablespaces_and_the_newest_stays(data: Path, binaries: Path, extra: Path) -> None:
    for stamp in ("1", "2", "3"):
        replaced(data, binaries, with_tablespace(extra), stamp=stamp)
    assert [Path(one).name for one in drop_older(data, 1)] == ["main.pgha-old-1", "main.pgha-old-2"]
    assert sorted(one.name for one in extra.iterdir()) == ["PG_15_1", "pgha-old-3"]
    assert (rows(data), rows(beside(data, "old-3"))) == ("new", "new")


def test_a_tablespace_that_is_in_service_is_not_dropped_with_old_data(data: Path, extra: Path) -> None:
    old = beside(data, "old-1")
    shutil.copytree(data, old, symlinks=True)
    beside(data, "old-2").mkdir()
    drop_older(data, 1)
    assert not old.exists()
    assert rows(data) == "old"


def test_a_file_system_that_cannot_exchange_is_named(data: Path, binaries: Path) -> None:
    copy(data, binaries)
    os.rename(beside(data, "checked"), beside(data, "gone"))  # noqa: PTH104
    with pytest.raises(PghaError, match="could not be exchanged"):
        put_in_place(data)
    assert content(data) == "old"


def test_the_links_of_a_directory_without_tablespaces_are_none(data: Path) -> None:
    assert links(data) == {}
