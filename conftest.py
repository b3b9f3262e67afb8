# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What every pytest run has: examples without a time limit, and a result file of its own.

A molecule scenario starts several runs, and a fixed name would keep only the last.
"""

from __future__ import annotations

import os
import time

import hypothesis
import pytest

# How long an example takes says something about the machine, and nothing about the code.
hypothesis.settings.register_profile("untimed", deadline=None)
hypothesis.settings.load_profile("untimed")


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Write JUnit results below what PGHA_RESULTS begins with."""
    prefix = os.environ.get("PGHA_RESULTS")
    if prefix and not config.option.xmlpath:
        config.option.xmlpath = f"{prefix}-{time.time_ns()}.xml"
