"""`make deploy` runs the real SAM against moto, a fake AWS that others maintain."""

from __future__ import annotations

import io
import json
import os
import re
import subprocess
import zipfile
from typing import TYPE_CHECKING, Any, Final

import boto3
import httpx
import pytest
from moto.server import ThreadedMotoServer

from local.deploy.build import build_lock
from local.places import ROOT
from tests.build.cloudformation import CLOUD
from tests.build.deployed import A_PRACTICE, SAMCONFIG, named_in, parameters_of, read, region_of, transformed
from tests.build.test_artifacts import MACHINES, SOURCES, installed, machines_in, required

if TYPE_CHECKING:
    from collections.abc import Iterator
    from collections.abc import Set as AbstractSet
    from pathlib import Path

pytestmark = pytest.mark.timeout(1800)  # two builds for another architecture, and what they download

BUCKET: Final = "artifacts-of-a-test"
IDENTITY: Final = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}

UNKNOWN_TO_MOTO: Final = {
    "AWS::ApiGatewayV2::Api",
    "AWS::ApiGatewayV2::Stage",
    "AWS::CloudWatch::Alarm",
    "AWS::CodeDeploy::Application",
    "AWS::CodeDeploy::DeploymentGroup",
    "AWS::Lambda::Alias",
    "AWS::Lambda::EventInvokeConfig",
    "AWS::Logs::MetricFilter",
    "AWS::Scheduler::Schedule",
    "AWS::SNS::TopicPolicy",
    "AWS::SecretsManager::Secret",
}
"""Resource types of the template that moto's CloudFormation cannot create. Only cfn-lint checks these types."""


@pytest.fixture
def aws() -> Iterator[str]:
    """Yield the address of moto's AWS, empty at first."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    _, port = server.get_host_and_port()
    # With this host name, moto finds the template's bucket in the path, where SAM puts it.
    yield f"http://localhost:{port}"
    # All of moto's servers share the state of this process; without a reset, the tests would depend on their order.
    httpx.post(f"http://localhost:{port}/moto-api/reset").raise_for_status()
    server.stop()


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """Write a practice's samconfig.toml and return its path."""
    text = (ROOT / "samconfig.toml").read_text(encoding="utf-8")
    for name, value in A_PRACTICE.items():
        text = text.replace(f"{name}=CHANGE-ME", f"{name}={value}")
    path = tmp_path / "samconfig.toml"
    path.write_text(text, encoding="utf-8")
    return path


def client(service: str, stage: str, aws: str) -> Any:
    """Return a client of moto's AWS in the stage's region."""
    session = boto3.Session("test", "test", region_name=region_of(stage))
    return session.client(service, endpoint_url=aws)  # type: ignore[call-overload]


def make_deploy(aws: str, *settings: str) -> subprocess.CompletedProcess[str]:
    """Run the command of the README against moto."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "MAKE", "MFLAGS"))}
    environment = clean | IDENTITY | {"AWS_ENDPOINT_URL": aws, "SAM_CLI_POLL_DELAY": "0.2"}
    command = ["make", "deploy", *settings]
    with build_lock():
        return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)  # noqa: S603  our own


@pytest.mark.parametrize("stage", CLOUD)
def test_nothing_is_built_or_deployed_before_each_placeholder_is_replaced(stage: str, aws: str) -> None:
    cloudformation = client("cloudformation", stage, aws)
    done = make_deploy(aws, f"STAGE={stage}")
    assert done.returncode != 0
    assert f"Replace CHANGE-ME in samconfig.toml, stage {stage}: {', '.join(A_PRACTICE)}." in done.stderr
    assert "Build" not in done.stdout
    assert cloudformation.describe_stacks()["Stacks"] == []


@pytest.mark.parametrize("stage", CLOUD)
def test_the_command_reaches_the_change_set(stage: str, aws: str, config: Path) -> None:
    """The change set has the stack, the region and the parameters of the stage's section.

    One of them is the architecture. A library for the wrong machine fails in the cloud, at import.
    """
    # A stack in moto has no outputs if moto does not know a type, so SAM cannot create its bucket there.
    s3, bucket = client("s3", stage, aws), f"{BUCKET}-{stage}"
    s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": region_of(stage)})
    arguments = f"--no-execute-changeset --no-resolve-s3 --s3-bucket {bucket}"
    done = make_deploy(aws, f"STAGE={stage}", f"CONFIG={config}", f"ARGS={arguments}")
    assert done.returncode == 0, done.stdout + done.stderr
    cloudformation = client("cloudformation", stage, aws)
    stack = SAMCONFIG[stage]["global"]["parameters"]["stack_name"]
    change_set = cloudformation.describe_change_set(StackName=stack, ChangeSetName=change_set_in(done.stdout))
    given = {each["ParameterKey"]: each["ParameterValue"] for each in change_set["Parameters"]}
    assert given.items() >= parameters_of(stage, FirstDeployment="true").items()
    added = {change["ResourceChange"]["LogicalResourceId"] for change in change_set["Changes"]}
    build = ROOT / ".aws-sam" / stage
    assert added == read(build / "template.yaml")["Resources"].keys()
    assert machines_in(build) == {MACHINES[given["Architecture"]]}
    assert all(installed(build, artifact) == required(artifact) for artifact in SOURCES)


def change_set_in(said: str) -> str:
    """Return the ARN of the change set from SAM's output."""
    found = re.search(r"Changeset created successfully[.] (arn:\S+)", said)
    assert found, said
    return found[1]


@pytest.mark.parametrize("stage", CLOUD)
def test_moto_creates_all_resources_that_it_supports(stage: str, aws: str, build: Path) -> None:
    template = transformed(read(build / "template.yaml"), stage, parameters_of(stage))
    resources = template["Resources"]
    known = {name: each for name, each in resources.items() if each["Type"] not in UNKNOWN_TO_MOTO}
    assert {each["Type"] for name, each in resources.items() if name not in known} == UNKNOWN_TO_MOTO
    names = known.keys() | template["Parameters"].keys()
    outputs_of = {
        output: name for output, each in template["Outputs"].items() for name, _ in named_in(each) if name in known
    }
    parts = {
        "Resources": without(known, names),
        "Outputs": {output: template["Outputs"][output] for output in outputs_of},
    }
    put_archive(stage, aws)
    cloudformation = client("cloudformation", stage, aws)
    cloudformation.create_stack(
        StackName=f"created-{stage}",
        TemplateBody=json.dumps(template | parts),
        Parameters=[{"ParameterKey": name, "ParameterValue": value} for name, value in parameters_of(stage).items()],
    )
    (stack,) = cloudformation.describe_stacks(StackName=f"created-{stage}")["Stacks"]
    assert stack["StackStatus"] == "CREATE_COMPLETE"
    created = cloudformation.describe_stack_resources(StackName=f"created-{stage}")["StackResources"]
    ids = {each["LogicalResourceId"]: each.get("PhysicalResourceId", "") for each in created}
    assert ids.keys() == known.keys()
    outputs = {each["OutputKey"]: each["OutputValue"] for each in stack["Outputs"]}
    assert outputs.keys() == outputs_of.keys()
    assert all(ids[name] in outputs[output] for output, name in outputs_of.items())
    for table in ("TableName", "KeyTableName", "CellTableName"):
        description = client("dynamodb", stage, aws).describe_table(TableName=outputs[table])["Table"]
        assert description["DeletionProtectionEnabled"] is True


def put_archive(stage: str, aws: str) -> None:
    """Put an archive at the code's address in `transformed`, because moto opens it."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as package:
        package.writestr("handler.py", "")
    s3 = client("s3", stage, aws)
    if not any(bucket["Name"] == "artifacts" for bucket in s3.list_buckets()["Buckets"]):
        s3.create_bucket(Bucket="artifacts", CreateBucketConfiguration={"LocationConstraint": region_of(stage)})
    s3.put_object(Bucket="artifacts", Key="archive", Body=archive.getvalue())


def without(value: Any, known: AbstractSet[str]) -> Any:
    """Replace references to unsupported resources by names, and aliases by their functions."""
    match value:
        case {"Ref": str(name)} if name.endswith("Aliaslive"):
            return {"Ref": name.removesuffix("Aliaslive")}
        case {"Ref": str(name)} if name not in known and not name.startswith("AWS::"):
            return name
        case dict():
            return {name: without(each, known) for name, each in value.items()}
        case list():
            return [without(each, known) for each in value]
        case _:
            return value
