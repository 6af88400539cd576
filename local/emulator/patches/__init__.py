"""Patch private functions of ministack. Each patch has its own file, which says why we need the patch.

`tests/engine/ministack_probes.py` has a probe for each patch. The probe shows when ministack no longer needs the patch,
or when ministack has changed a private name.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from local.emulator.patches import (
    gateway_failures,
    http_api_body,
    kms_context,
    leading_keys,
    log_files,
    manual_ticks,
    metric_math,
    quick_exit,
    read_capacity,
    saving,
    schedule_input,
    secret_ref,
    silent_calls,
    sqs_batches,
    table_settings,
    unpacked_code,
    worker_failures,
    worker_packages,
)

if TYPE_CHECKING:
    from pathlib import Path


def apply(*, logs: Path, unpacked: Path, save_every: float, tick: bool) -> None:
    """Apply all patches.

    Raises:
        UnreadableStateError: A saved file cannot be read.
        MissingSeamError: The text that a patch replaces does not occur exactly once in this version of ministack.
    """
    saving.apply(save_every)
    quick_exit.apply()
    for patch in (http_api_body, metric_math, secret_ref, table_settings):
        patch.apply()
    for patch in (worker_packages, worker_failures, gateway_failures, silent_calls):
        patch.apply()
    unpacked_code.apply(unpacked)
    log_files.apply(logs)
    for patch in (read_capacity, kms_context, leading_keys, sqs_batches, schedule_input):
        patch.apply()
    if not tick:
        manual_ticks.apply()
