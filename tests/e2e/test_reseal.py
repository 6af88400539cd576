"""On the running stack, `make reseal` seals the texts of an older couple again."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from couples_api.services import Services
from local.places import ROOT
from rekindle.crypto.sealing import AUTHORS_KEY, SINGLE_KEY
from rekindle.crypto.vault import Vault
from rekindle.store.erasures import Erasures
from rekindle.store.table import Table
from testing.apis import every_account_is_good, handler_of
from testing.builders import LONDON
from testing.phones import a_couple
from testing.stored import couple_id_of

if TYPE_CHECKING:
    from local.stack import Stack


@pytest.fixture
def services(stack: Stack) -> Services:
    """Make services in couples_api's role, on the stack's tables, which seal as version 0.1.0 did."""
    role = stack.client("lambda").get_function_configuration(FunctionName=stack.function("CouplesApi"))["Role"]
    given = stack.client("sts").assume_role(RoleArn=role, RoleSessionName="older")["Credentials"]
    session: Any = boto3.Session(
        given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"], region_name="us-east-1"
    )
    dynamodb, kms = (session.client(name, endpoint_url=stack.endpoint_url) for name in ("dynamodb", "kms"))
    names = ("TableName", "KeyTableName", "CellTableName", "ErasureTableName")
    table, keys, cells, erasures = (Table(dynamodb, stack.outputs[name]) for name in names)
    vault = Vault(kms, stack.outputs["KeyArn"], keys, cells, SINGLE_KEY)
    return Services.on(table, vault, "https://app.example", Erasures(erasures), every_account_is_good)


def reseal(stack: Stack) -> dict[str, int]:
    command = [sys.executable, "-m", "local.reseal", "--json"]
    environment = os.environ | {"REKINDLE_STATE": str(stack.state)}
    done = subprocess.run(command, cwd=ROOT, env=environment, check=False, capture_output=True, text=True)  # noqa: S603
    assert done.returncode == 0, done.stdout + done.stderr
    counted: dict[str, int] = json.loads(done.stdout)
    return counted


def test_an_older_couple_reads_the_same_afterwards_and_has_no_single_key(stack: Stack, services: Services) -> None:
    ada, ben = a_couple(handler_of(lambda: services), LONDON, LONDON)
    for phone in (ada, ben):
        today = phone.get("/v1/today").body["today"]
        answer = {"text": f"By {phone.uid}.", "prompt": today["prompt"]["id"]}
        assert phone.put(f"/v1/days/{today['date']}/answer", answer).status == 200
    couple = couple_id_of(services, ada)
    assert services.vault.couple_keys(couple).authors == {}
    counted = reseal(stack)
    assert (counted["rows"], counted["left"], counted["unreadable"]) == (1, 0, 0)
    keys = services.vault.couple_keys(couple)
    assert keys.single is None
    assert keys.authors.keys() == {ada.uid, ben.uid}
    now = replace(services, vault=replace(services.vault, scheme=AUTHORS_KEY))
    for phone, partner in ((ada, ben), (ben, ada)):
        phone.handler = handler_of(lambda: now)
        (day,) = phone.get("/v1/days").body["days"]
        assert (day["me"]["text"], day["partner"]["text"]) == (f"By {phone.uid}.", f"By {partner.uid}.")
    assert reseal(stack)["rows"] == 0
