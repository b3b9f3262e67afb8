# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From text to cluster: nothing is written onto a base that moved, and no secret is shown."""

from __future__ import annotations

import pytest
from ansible_collections.pgha.cluster.plugins.module_utils.common.errors import PghaError
from ansible_collections.pgha.cluster.plugins.module_utils.pacemaker import cib, configure
from ansible_collections.pgha.cluster.plugins.module_utils.pacemaker.gateway import Gateway
from ansible_collections.pgha.cluster.tests.support.fake_pacemaker import VERSIONS, FakePacemaker, bump, fixture

TEXT = "primitive extra ocf:pacemaker:Dummy params password=s3cret"
EXTRA = (
    '<primitive id="extra" class="ocf" provider="pacemaker" type="Dummy"><instance_attributes id="extra-ia">'
    '<nvpair id="extra-p" name="password" value="s3cret"/></instance_attributes></primitive>'
)
WANTED = configure.Wanted(TEXT, "demo", purge=True)


@pytest.fixture(params=VERSIONS)
def cluster(request: pytest.FixtureRequest) -> FakePacemaker:
    version = request.param
    healthy = fixture(version, "cib-healthy.xml"), fixture(version, "crm_mon-healthy.xml")
    return FakePacemaker(*healthy, wants=[("resources", EXTRA)])


def test_a_plan_that_was_applied_is_empty_when_read_again(cluster: FakePacemaker) -> None:
    gateway = Gateway(cluster)
    before = set(cib.objects(cib.read(cluster.cib)))
    configure.apply(gateway, configure.look(gateway, WANTED).plan)
    configure.must_be_empty(configure.look(gateway, WANTED))
    assert set(cib.objects(cib.read(cluster.cib))) - before == {cib.Key("resources", "extra")}
    assert configure.look(gateway, configure.Wanted(TEXT, "demo", purge=False)).plan.empty


def test_a_base_that_somebody_changed_is_refused(cluster: FakePacemaker) -> None:
    gateway = Gateway(cluster)
    plan = configure.look(gateway, WANTED).plan
    cluster.cib = bump(cluster.cib, "epoch")
    changed = cluster.cib
    with pytest.raises(PghaError, match="Somebody changed the cluster's configuration"):
        configure.apply(gateway, plan)
    assert cluster.cib == changed


def test_the_same_epoch_with_another_configuration_is_refused_too(cluster: FakePacemaker) -> None:
    """Two halves of a split cluster count their epochs each for itself."""
    gateway = Gateway(cluster)
    plan = configure.look(gateway, WANTED).plan
    cluster.cib = bump(cluster.cib.replace('value="ready"', 'value="other"'), "num_updates")
    with pytest.raises(PghaError, match="Somebody changed"):
        configure.apply(gateway, plan)


def test_a_status_that_moves_is_no_obstacle(cluster: FakePacemaker) -> None:
    gateway = Gateway(cluster)
    plan = configure.look(gateway, WANTED).plan
    moves = iter(range(3))

    def move() -> None:
        if next(moves, None) is not None:
            moved = cluster.cib.replace('name="connectivity" value="100"', 'name="connectivity" value="99"')
            cluster.cib = bump(moved, "num_updates")

    cluster.before_patch = move
    configure.apply(gateway, plan)
    assert cib.Key("resources", "extra") in cib.objects(cib.read(cluster.cib))
    # What moved meanwhile was not written over with what was read at first.
    assert 'name="connectivity" value="99"' in cluster.cib


def test_a_status_that_never_rests_ends_with_an_error(cluster: FakePacemaker) -> None:
    gateway = Gateway(cluster)
    plan = configure.look(gateway, WANTED).plan

    def move() -> None:
        cluster.cib = bump(cluster.cib, "num_updates")

    cluster.before_patch = move
    with pytest.raises(PghaError, match="under each of 20 attempts"):
        configure.apply(gateway, plan)


def test_the_difference_hides_secrets_and_says_that_one_changed(cluster: FakePacemaker) -> None:
    gateway = Gateway(cluster)
    plan = configure.look(gateway, WANTED).plan
    difference = configure.difference(gateway, WANTED, plan)
    assert "s3cret" not in str(difference)
    assert "(hidden)" in difference["after"]
    configure.apply(gateway, plan)
    cluster.wants = [("resources", EXTRA.replace("s3cret", "n3w"))]
    again = configure.look(gateway, WANTED).plan
    difference = configure.difference(gateway, WANTED, again)
    assert "(hidden, changed)" in difference["after"] and "changed" not in difference["before"]
    assert "s3cret" not in str(difference) and "n3w" not in str(difference)


def test_only_what_changes_is_shown(cluster: FakePacemaker) -> None:
    gateway = Gateway(cluster)
    configure.difference(gateway, WANTED, configure.look(gateway, WANTED).plan)
    shown = next(argv for argv in cluster.calls if "show" in argv)
    assert shown[shown.index("show") + 1 :] == ["extra"]


def test_what_crmsh_refuses_comes_back_with_its_line_and_without_the_secret(cluster: FakePacemaker) -> None:
    cluster.refusal = "ERROR: extra: parameter password=s3cret is odd\n"
    with pytest.raises(PghaError, match="not valid; nothing was changed") as caught:
        configure.look(Gateway(cluster), configure.Wanted("\n\n" + TEXT, "demo", purge=True))
    assert caught.value.said == "line 3 (primitive extra): parameter password=(hidden) is odd"


@pytest.mark.parametrize("line", range(1, 8))
def test_a_complaint_without_a_place_gets_one(cluster: FakePacemaker, line: int) -> None:
    lines = [f"location l{number} extra 1: n{number}" for number in range(1, 8)]
    cluster.refusal = "Element constraints has extra content: rsc_location\nCIB did not pass schema validation\n"
    cluster.offence = lines[line - 1]
    with pytest.raises(PghaError, match="not valid") as caught:
        configure.look(Gateway(cluster), configure.Wanted("\n".join(lines), "demo", purge=True))
    assert str(caught.value.said).startswith(f"line {line} (location l{line}): Element constraints has extra content")


def test_a_missing_member_that_crmsh_would_leave_out_is_refused(cluster: FakePacemaker) -> None:
    cluster.advice = "WARNING: g refers to missing object d3\nWARNING: extra: some advice\n"
    with pytest.raises(PghaError, match="not valid") as caught:
        configure.look(Gateway(cluster), configure.Wanted(TEXT + "\ngroup g extra d3", "demo", purge=True))
    assert caught.value.said == "line 2 (group g): g refers to missing object d3"


def test_advice_is_handed_on_with_its_line(cluster: FakePacemaker) -> None:
    cluster.advice = "WARNING: extra: specified timeout 3s for monitor is smaller than the advised 20s\n"
    (advice,) = configure.look(Gateway(cluster), WANTED).advice
    assert advice.startswith("line 1 (primitive extra): specified timeout 3s")


def test_what_pacemaker_refuses_comes_back_with_its_line(cluster: FakePacemaker) -> None:
    cluster.verdict = "error: extra has no agent, its password is s3cret\nErrors found during check\n"
    gateway = Gateway(cluster)
    with pytest.raises(PghaError, match="would not accept") as caught:
        configure.check(gateway, WANTED, configure.look(gateway, WANTED).plan)
    assert "line 1 (primitive extra): extra has no agent, its password is (hidden)" in str(caught.value.said)


def test_a_difference_after_writing_fails(cluster: FakePacemaker) -> None:
    with pytest.raises(PghaError, match="reading it again shows differences") as caught:
        configure.must_be_empty(configure.look(Gateway(cluster), WANTED))
    assert caught.value.said == "extra"
