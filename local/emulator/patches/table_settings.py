"""Set a table's TTL and backups, which ministack's CloudFormation ignores. Without the patch, no item expires."""

from __future__ import annotations

from typing import Any

from ministack.services import dynamodb

from local.emulator.patches.seams import after_provisioning


def apply() -> None:
    """Set TTL and backups after each creation or update of a table."""
    after_provisioning("AWS::DynamoDB::Table", _keep)


def _keep(name: str, properties: dict[str, Any]) -> None:
    if ttl := properties.get("TimeToLiveSpecification"):
        dynamodb._update_ttl({"TableName": name, "TimeToLiveSpecification": ttl})
    if backups := properties.get("PointInTimeRecoverySpecification"):
        dynamodb._update_continuous_backups({"TableName": name, "PointInTimeRecoverySpecification": backups})
