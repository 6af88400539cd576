"""Deploy what `make build` built to AWS: `python -m local.cloud STAGE`, for `make deploy`.

`sam deploy` does the work, with the stage's section of samconfig.toml. This adds what SAM cannot say: that a setting
still has to be replaced, and that a stack's first deployment leaves the tables unprotected (see FirstDeployment in
template.yaml) until all of it stands.
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
import yaml
from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError

from local.build import sam_environment
from local.errors import StackError
from local.places import ROOT, SAM, TEMPLATE

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

PLACEHOLDER: Final = "CHANGE-ME"
FAILED: Final = "ROLLBACK_COMPLETE"
"""The state of a stack whose creation failed: CloudFormation takes nothing for it any more."""
CREATED: Final = "CREATE_COMPLETE"
_UNBORN: Final = frozenset({None, "REVIEW_IN_PROGRESS", "DELETE_COMPLETE"})
"""The states of a stack before its creation; a change set alone leaves one in review."""


@dataclass(frozen=True, slots=True)
class StageConfig:
    """The section of samconfig.toml for a stage in the cloud."""

    path: Path
    stage: str
    stack: str
    region: str
    parameters: str

    @classmethod
    def read(cls, path: Path, stage: str) -> Self:
        """Read a stage's section; raise StackError if something is missing or still a placeholder."""
        try:
            section = tomllib.loads(path.read_text(encoding="utf-8"))[stage]
            names, deploy = section["global"]["parameters"], section["deploy"]["parameters"]
            found = cls(path, stage, names["stack_name"], names["region"], deploy["parameter_overrides"])
        except (OSError, tomllib.TOMLDecodeError) as error:
            raise StackError(f"{path} cannot be read: {error}") from error
        except KeyError as error:
            raise StackError(f"{path} says nothing of {error} for the stage {stage}.") from error
        if open_settings := [each.partition("=")[0] for each in found.parameters.split() if PLACEHOLDER in each]:
            raise StackError(
                f"Replace {PLACEHOLDER} in {path.name}, stage {stage}: {', '.join(open_settings)}.\n"
                "docs/runbook.md says where to find each value."
            )
        if wrong := found.wrong_settings():
            raise StackError(f"{path.name}, stage {stage}:\n" + "\n".join(wrong))
        return found

    def wrong_settings(self) -> list[str]:
        """Return what template.yaml says of each own setting of the practice that is missing or of the wrong form."""
        given = dict(each.partition("=")[::2] for each in self.parameters.split())
        wrong = []
        for name, parameter in _parameters().items():
            if "ConstraintDescription" in parameter:
                value = given.get(name, parameter["Default"])
                is_local = value == parameter["Default"] and (value or self.stage == "prod")
                if is_local or not re.fullmatch(parameter["AllowedPattern"], value):
                    wrong.append(f"{name}: {parameter['ConstraintDescription']}")
        return wrong

    def command(self, options: Sequence[str], *, first: bool) -> list[str]:
        """Return the `sam deploy` of this stage. An update keeps each parameter that it does not name."""
        template = ROOT / ".aws-sam" / self.stage / "template.yaml"
        command = [str(SAM), "deploy", "--config-file", str(self.path.resolve()), "--config-env", self.stage]
        command += ["--template-file", str(template), *options]
        return [*command, "--parameter-overrides", f"{self.parameters} FirstDeployment={'true' if first else 'false'}"]


class _Loader(yaml.SafeLoader):
    """YAML in which CloudFormation's tags say nothing."""


_Loader.add_multi_constructor("!", lambda *_: None)


def _parameters() -> dict[str, dict[str, str]]:
    template = yaml.load(TEMPLATE.read_text(encoding="utf-8"), _Loader)  # noqa: S506  a SafeLoader
    parameters: dict[str, dict[str, str]] = template["Parameters"]
    return parameters


def state_of(cloudformation: Any, stack: str) -> str | None:  # noqa: ANN401 - a boto3 client
    """Return the stack's state, None where there is no such stack."""
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
    """Deploy a stage, and protect its tables once the first deployment stands.

    Raises:
        StackError: SAM failed, or an earlier creation did and has to be deleted first.
    """
    before = state_of(cloudformation, config.stack)
    if before == FAILED:
        raise StackError(
            f"The creation of {config.stack} failed. Fix what its events name, delete it, and deploy again:\n"
            f"aws cloudformation delete-stack --region {config.region} --stack-name {config.stack}"
        )
    first = before in _UNBORN
    run(config.command(options, first=first))
    # Whoever said no to the change set, or asked for no more than that, has no stack yet.
    if first and state_of(cloudformation, config.stack) == CREATED:
        print("The stack stands. A second, short deployment protects its tables from deletion.")
        run([*config.command(options, first=False), "--no-confirm-changeset"])


def run_sam(command: Sequence[str]) -> None:
    """Run SAM, which speaks to the person at the terminal itself; raise StackError if it fails."""
    if status := subprocess.run(command, cwd=ROOT, env=sam_environment(aws=True), check=False).returncode:
        raise StackError(f"sam deploy ended with status {status}; what it says is above.")


def main() -> int:
    """Deploy the stage that the arguments name; return 1 for what the person has to change."""
    parser = argparse.ArgumentParser(description="Deploy what `make build` built to AWS.")
    parser.add_argument("stage", choices=["dev", "prod"])
    parser.add_argument("--config", type=Path, required=True, help="the samconfig.toml")
    parser.add_argument("--check", action="store_true", help="only check its section, and the sign-in")
    arguments, options = parser.parse_known_args()
    try:
        config = StageConfig.read(arguments.config, arguments.stage)
        cloudformation = boto3.client("cloudformation", region_name=config.region)
        if arguments.check:
            state_of(cloudformation, config.stack)  # fails before the build if nobody is signed in
        else:
            deploy(config, options, cloudformation, run_sam)
    except StackError as error:
        print(error, file=sys.stderr)
        return 1
    except NoCredentialsError:
        print("This machine is not signed in to AWS. Try `aws sso login`, or set AWS_PROFILE.", file=sys.stderr)
        return 1
    except (BotoCoreError, ClientError) as error:
        print(f"AWS could not be asked: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
