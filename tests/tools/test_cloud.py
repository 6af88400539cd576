"""`make deploy` gives SAM the right arguments, and protects the tables at the right time."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.stub import Stubber

from local.deploy.cloud import StageConfig, deploy, require_contact
from local.errors import StackError

if TYPE_CHECKING:
    from collections.abc import Sequence

CONFIG = StageConfig(Path("samconfig.toml"), "prod", "rekindle-prod", "eu-central-1", "Stage=prod AppLink=https://a.b")
SECTION = """
[prod.global.parameters]
stack_name = "rekindle-prod"
region = "eu-central-1"
[prod.deploy.parameters]
parameter_overrides = "Stage=prod FirebaseProject=harbor-couples FirebaseApiKey={key} AppLink={link} AlarmEmail={mail}"
"""


def section(key: str = f"AIza{'x' * 35}", link: str = "https://app.b.org", mail: str = "a@b.org") -> str:
    """Return a section of samconfig.toml with a practice's values."""
    return SECTION.format(key=key, link=link, mail=mail)


class Sam:
    """What was asked of SAM, with a CloudFormation whose stack is in these states, one after the other."""

    def __init__(self, *states: str | None) -> None:
        session = boto3.Session("test", "test", region_name="eu-central-1")
        self.cloudformation: Any = session.client("cloudformation")
        self.stub = Stubber(self.cloudformation)
        for state in states:
            if state is None:
                self.stub.add_client_error("describe_stacks", "ValidationError", "Stack does not exist")
            else:
                stack = {"StackName": "rekindle-prod", "CreationTime": 0, "StackStatus": state}
                self.stub.add_response("describe_stacks", {"Stacks": [stack]}, {"StackName": "rekindle-prod"})
        self.stub.activate()
        self.commands: list[Sequence[str]] = []

    def deployed(self, *options: str) -> list[str]:
        """Deploy, and return what each run of SAM was given for the tables."""
        deploy(CONFIG, options, self.cloudformation, self.commands.append)
        self.stub.assert_no_pending_responses()
        return [command[command.index("--parameter-overrides") + 1] for command in self.commands]


def test_a_first_deployment_protects_the_tables_at_its_end() -> None:
    sam = Sam(None, "CREATE_COMPLETE")
    assert sam.deployed() == [f"{CONFIG.parameters} FirstDeployment={first}" for first in ("true", "false")]
    assert "--no-confirm-changeset" not in sam.commands[0]
    assert "--no-confirm-changeset" in sam.commands[1]


@pytest.mark.parametrize("before", [None, "REVIEW_IN_PROGRESS"])
def test_a_refused_change_set_makes_no_stack(before: str | None) -> None:
    """SAM ends well in that case."""
    assert Sam(before, "REVIEW_IN_PROGRESS").deployed() == [f"{CONFIG.parameters} FirstDeployment=true"]


@pytest.mark.parametrize("state", ["CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE"])
def test_a_later_deployment_protects_the_tables(state: str) -> None:
    """An update keeps a parameter that it does not name, so the tables would stay unprotected."""
    assert Sam(state).deployed("--no-execute-changeset") == [f"{CONFIG.parameters} FirstDeployment=false"]


def test_a_creation_that_failed_has_to_be_deleted_first() -> None:
    with pytest.raises(StackError, match="delete-stack --region eu-central-1 --stack-name rekindle-prod"):
        Sam("ROLLBACK_COMPLETE").deployed()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (section(link="CHANGE-ME"), "Replace CHANGE-ME in samconfig.toml, stage prod: AppLink."),
        (section(link="https://app.harborcouples.org/"), "AppLink: The address of your app"),
        (section(key="AIzaShort"), "FirebaseApiKey: The web key of your Firebase project"),
        (section(mail=""), "AlarmEmail: The address of somebody who reads it"),
        (section().replace("FirebaseProject=harbor-couples", ""), "FirebaseProject: The id of your own"),
        ("[dev]", "has no 'prod'"),
        ("[prod.global.parameters]\nstack_name = 'x'", "has no 'deploy'"),
        ("[prod", "cannot be read"),
    ],
)
def test_an_error_names_the_missing_or_wrong_setting(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "samconfig.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(StackError, match=said):
        StageConfig.read(path, "prod")


def test_a_section_is_read(tmp_path: Path) -> None:
    path = tmp_path / "samconfig.toml"
    path.write_text(section(), encoding="utf-8")
    read = StageConfig.read(path, "prod")
    assert (read.stack, read.region) == ("rekindle-prod", "eu-central-1")
    assert read.parameters.startswith("Stage=prod FirebaseProject=harbor-couples ")


def test_nobody_deploys_to_prod_before_there_is_an_address_for_reports_of_vulnerabilities(tmp_path: Path) -> None:
    security = tmp_path / "SECURITY.md"
    security.write_text("Write to **CHANGE-ME**.")
    require_contact("dev", security)
    with pytest.raises(StackError, match=r"Replace CHANGE-ME in SECURITY\.md"):
        require_contact("prod", security)
    security.write_text("Write to security@practice.org.")
    require_contact("prod", security)
