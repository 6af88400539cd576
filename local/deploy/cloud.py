"""Deploy the build to AWS: `python -m local.deploy.cloud STAGE`, for `make deploy`.

`sam deploy` does the work, with the stage's section of samconfig.toml. This module first checks the settings. It also
deploys a new stack twice. The first deployment does not protect the tables from deletion, because a person must be able
to delete a stack whose creation failed. The second deployment protects the tables (see FirstDeployment in
template.yaml).
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Self

import boto3
from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError

from local.deploy.build import sam_environment, template_section
from local.errors import StackError
from local.places import ROOT, SAM

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

PLACEHOLDER: Final = "CHANGE-ME"
FAILED: Final = "ROLLBACK_COMPLETE"
"""The state of a stack whose creation failed. You can only delete such a stack."""
CREATED: Final = "CREATE_COMPLETE"
_NOT_CREATED: Final = frozenset({None, "REVIEW_IN_PROGRESS", "DELETE_COMPLETE"})
"""The states in which a stack does not exist. None means that CloudFormation does not know the stack's name.

In REVIEW_IN_PROGRESS, the first change set exists, but nobody has executed it.
"""


@dataclass(frozen=True, slots=True)
class StageConfig:
    """The section of samconfig.toml for a stage in AWS."""

    path: Path
    stage: str
    stack: str
    region: str
    parameters: str

    @classmethod
    def read(cls, path: Path, stage: str) -> Self:
        """Read a stage's section. Raise StackError if a setting is missing, wrong, or still a placeholder."""
        try:
            section = tomllib.loads(path.read_text(encoding="utf-8"))[stage]
            names, deploy = section["global"]["parameters"], section["deploy"]["parameters"]
            found = cls(path, stage, names["stack_name"], names["region"], deploy["parameter_overrides"])
        except (OSError, tomllib.TOMLDecodeError) as error:
            raise StackError(f"{path} cannot be read: {error}") from error
        except KeyError as error:
            raise StackError(f"{path} has no {error} for the stage {stage}.") from error
        if open_settings := [each.partition("=")[0] for each in found.parameters.split() if PLACEHOLDER in each]:
            raise StackError(
                f"Replace {PLACEHOLDER} in {path.name}, stage {stage}: {', '.join(open_settings)}.\n"
                "docs/runbook.md says where to find each value."
            )
        if wrong := found.wrong_settings():
            raise StackError(f"{path.name}, stage {stage}:\n" + "\n".join(wrong))
        return found

    def wrong_settings(self) -> list[str]:
        """Return a sentence for each setting of the practice that is missing or does not match its pattern.

        A parameter with a ConstraintDescription is a setting of the practice. The template's defaults are for the local
        stack, so a setting that equals its default counts as missing. In `dev`, an empty default is allowed.
        """
        given = dict(each.partition("=")[::2] for each in self.parameters.split())
        wrong = []
        for name, parameter in template_section("Parameters").items():
            if "ConstraintDescription" in parameter:
                value = given.get(name, parameter["Default"])
                is_local = value == parameter["Default"] and (value or self.stage == "prod")
                if is_local or not re.fullmatch(parameter["AllowedPattern"], value):
                    wrong.append(f"{name}: {parameter['ConstraintDescription']}")
        return wrong

    def command(self, options: Sequence[str], *, first: bool) -> list[str]:
        """Return the `sam deploy` command of this stage."""
        template = ROOT / ".aws-sam" / self.stage / "template.yaml"
        command = [str(SAM), "deploy", "--config-file", str(self.path.resolve()), "--config-env", self.stage]
        command += ["--template-file", str(template), *options]
        return [*command, "--parameter-overrides", f"{self.parameters} FirstDeployment={'true' if first else 'false'}"]


def require_contact(stage: str, security: Path = ROOT / "SECURITY.md") -> None:
    """Raise StackError if nobody can report a vulnerability of `prod`, because the address is still a placeholder."""
    if stage == "prod" and PLACEHOLDER in security.read_text(encoding="utf-8"):
        raise StackError(f"Replace {PLACEHOLDER} in {security.name} by the address for reports of vulnerabilities.")


def state_of(cloudformation: Any, stack: str) -> str | None:  # noqa: ANN401 - a boto3 client
    """Return the stack's state, or None if there is no stack of this name."""
    try:
        (found,) = cloudformation.describe_stacks(StackName=stack)["Stacks"]
    except ClientError as error:
        if error.response["Error"]["Code"] == "ValidationError":
            return None
        raise
    state: str = found["StackStatus"]
    return state


def deploy(
    config: StageConfig,
    options: Sequence[str],
    cloudformation: Any,  # noqa: ANN401 - a boto3 client
    run: Callable[[Sequence[str]], None],
) -> None:
    """Deploy a stage. If its stack is new, deploy a second time, to protect the tables.

    Raises:
        StackError: SAM failed, or the stack's creation failed earlier, so a person has to delete the stack first.
    """
    before = state_of(cloudformation, config.stack)
    if before == FAILED:
        raise StackError(
            f"The creation of {config.stack} failed. Fix the errors in its events, delete it, and deploy again:\n"
            f"aws cloudformation delete-stack --region {config.region} --stack-name {config.stack}"
        )
    first = before in _NOT_CREATED
    run(config.command(options, first=first))
    # The stack does not exist if the person refused the change set, or chose `--no-execute-changeset`.
    if first and state_of(cloudformation, config.stack) == CREATED:
        print("The stack has been created. A second, short deployment protects its tables from deletion.")
        run([*config.command(options, first=False), "--no-confirm-changeset"])


def run_sam(command: Sequence[str]) -> None:
    """Run SAM in the person's terminal. Raise StackError if SAM fails."""
    if status := subprocess.run(command, cwd=ROOT, env=sam_environment(aws=True), check=False).returncode:
        raise StackError(f"sam deploy ended with status {status}; its messages are above.")


def main() -> int:
    """Deploy the stage given in the arguments, or check its settings. Return the exit status."""
    parser = argparse.ArgumentParser(description="Deploy the result of `make build` to AWS.")
    parser.add_argument("stage", choices=["dev", "prod"])
    parser.add_argument("--config", type=Path, required=True, help="the samconfig.toml")
    parser.add_argument("--check", action="store_true", help="only check the settings and the sign-in to AWS")
    arguments, options = parser.parse_known_args()
    try:
        config = StageConfig.read(arguments.config, arguments.stage)
        require_contact(arguments.stage)
        cloudformation = boto3.client("cloudformation", region_name=config.region)
        if arguments.check:
            state_of(cloudformation, config.stack)  # raises an error if nobody is signed in to AWS
        else:
            deploy(config, options, cloudformation, run_sam)
    except StackError as error:
        print(error, file=sys.stderr)
        return 1
    except NoCredentialsError:
        print("This machine is not signed in to AWS. Try `aws sso login`, or set AWS_PROFILE.", file=sys.stderr)
        return 1
    except (BotoCoreError, ClientError) as error:
        print(f"The request to AWS failed: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
