"""CloudFormation can create the transformed template."""

from __future__ import annotations

import json
from graphlib import CycleError, TopologicalSorter
from typing import TYPE_CHECKING, Any, Final

import pytest

from tests.build.cloudformation import CLOUD, STAGES
from tests.build.deployed import (
    A_PRACTICE,
    SAMCONFIG,
    findings,
    named_in,
    parameters_of,
    read,
    refused,
    region_of,
    transformed,
)

if TYPE_CHECKING:
    from pathlib import Path

    from tests.build.cloudformation import Properties

pytestmark = pytest.mark.timeout(900)  # a first build downloads everything that it packs

# CloudFormation's quotas: docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html
MOST_RESOURCES: Final = 500
MOST_BYTES: Final = 1_000_000
MOST_OUTPUTS: Final = 200
MOST_PARAMETERS: Final = 200

FORMER_PLACEHOLDERS: Final = {
    "FirebaseProject": [
        "CHANGE-ME",
        "rekindle-local",
        "rekindle-dev",
        "rekindle-prod",
        "your-project",
        "example-project",
    ],
    "FirebaseApiKey": ["CHANGE-ME", "local", "WEB-KEY-OF-REKINDLE-PROD", "AIza", f"{A_PRACTICE['FirebaseApiKey']}x"],
    "AppLink": [
        "CHANGE-ME",
        "https://app.rekindle.example",
        "https://app.example.org",
        "https://example.com",
        "https://app.example.net/join",
        "https://rekindle.test",
        "https://rekindle.invalid:8443",
        "https://localhost:3000",
        "http://app.harborcouples.org",
        "https://app.harborcouples.org/",
        "https://127.0.0.1 ",
    ],
    "AlarmEmail": [
        "",
        "CHANGE-ME",
        "alarms@example.org",
        "alarms@ops.example.com",
        "a@b.test",
        "a@localhost",
        "a b@c.org",
    ],
    "JwtIssuer": ["https://securetoken.google.com/somebody-elses"],
    "JwtAudience": ["somebody-elses"],
    "IdentityEndpoint": ["https://identity.example.org", "http://127.0.0.1:4580"],
    "SecureTokenEndpoint": ["https://securetoken.example.org"],
    "FcmEndpoint": ["https://fcm.example.org"],
    "AuthEmulatorHost": ["127.0.0.1:4580"],
    "AppCheckEndpoint": ["https://appcheck.example.org"],
    "AppCheckProject": ["harbor-couples", "12345", "1:123456789012:web:0"],
    "FirstDeployment": ["maybe"],
    "StaffSecondFactor": ["false"],
}


@pytest.fixture(scope="session")
def built_template(build: Path) -> Properties:
    """Return the template that `sam build` has written."""
    return read(build / "template.yaml")


@pytest.fixture(scope="session", params=STAGES)
def stage(request: pytest.FixtureRequest) -> str:
    """Return each stage in turn."""
    name: str = request.param
    return name


@pytest.fixture(scope="session")
def template(stage: str, built_template: Properties) -> Properties:
    """Return the stage's template as CloudFormation creates it."""
    return transformed(built_template, stage, parameters_of(stage))


def test_every_resource_can_be_created_before_what_waits_for_it(template: Properties) -> None:
    """An update policy makes a resource wait too: an alias moves only after its deployment group exists."""
    resources = template["Resources"]
    graph = {
        name: {other for other, _ in named_in(resource) if other in resources} for name, resource in resources.items()
    }
    order = list(TopologicalSorter(graph).static_order())
    assert sorted(order) == sorted(resources)


def test_a_circle_through_an_update_policy_is_noticed() -> None:
    """A canary's alarm once watched the API. The API waits for the alias, and the alias waits for the canary."""
    circle: dict[str, Any] = {
        "Alias": {"UpdatePolicy": {"CodeDeployLambdaAliasUpdate": {"DeploymentGroupName": {"Ref": "Group"}}}},
        "Group": {"Properties": {"Alarms": [{"Name": {"Ref": "Alarm"}}]}},
        "Alarm": {"Properties": {"Value": {"Fn::Sub": "${Api}/x"}}},
        "Api": {"DependsOn": "Alias"},
    }
    with pytest.raises(CycleError):
        TopologicalSorter({name: {other for other, _ in named_in(each)} for name, each in circle.items()}).prepare()


def test_cfn_lint_finds_nothing_in_what_cloudformation_sees(template: Properties, stage: str) -> None:
    assert findings(template, stage) == []


def test_every_name_is_of_something_that_is_there(template: Properties) -> None:
    known = template["Resources"].keys() | template["Parameters"].keys()
    parts = (template["Resources"], template["Outputs"], template["Conditions"], template["Rules"])
    names = {name for part in parts for name, _ in named_in(part)}
    assert {name for name in names - known if not name.startswith("AWS::")} == set()


def test_it_stays_far_within_what_cloudformation_takes(template: Properties) -> None:
    assert len(template["Resources"]) <= MOST_RESOURCES / 2
    assert len(json.dumps(template)) <= MOST_BYTES / 2
    assert len(template["Outputs"]) <= MOST_OUTPUTS
    assert len(template["Parameters"]) <= MOST_PARAMETERS


def test_a_failed_creation_leaves_nothing_behind(template: Properties, stage: str) -> None:
    """After a failed creation, CloudFormation deletes all resources. A protected table would block that."""
    kept = {
        name: (each["DeletionPolicy"], each["UpdateReplacePolicy"])
        for name, each in template["Resources"].items()
        if each["Type"] in {"AWS::DynamoDB::Table", "AWS::KMS::Key", "AWS::SecretsManager::Secret"}
    }
    policies = ("Delete", "Delete") if stage == "local" else ("RetainExceptOnCreate", "Retain")
    tables = ("Table", "KeyTable", "CellTable", "ErasureTable")
    assert kept == dict.fromkeys((*tables, "DataKey", "FcmCredential", "AccountCredential"), policies)
    for table in tables:
        protected = template["Resources"][table]["Properties"]["DeletionProtectionEnabled"]
        assert protected == {"Fn::If": ["IsFirstDeployment", False, stage != "local"]}


def test_only_the_console_s_page_and_a_receipt_need_no_sign_in(template: Properties) -> None:
    """The definition that API Gateway imports also defines each security scheme that a route names."""
    document = template["Resources"]["Api"]["Properties"]["Body"]
    schemes = document["components"]["securitySchemes"].keys()
    routes = {(path, method): each for path, methods in document["paths"].items() for method, each in methods.items()}
    secured = {
        route: [name for scheme in each.get("security", []) for name in scheme] for route, each in routes.items()
    }
    assert {route for route, names in secured.items() if not names} == {
        ("/console", "get"),
        ("/console/{proxy+}", "get"),
        ("/v1/erasures/{receipt}", "get"),
    }
    assert {name for names in secured.values() for name in names} == set(schemes) == {"Phones"}


@pytest.mark.parametrize("name", ["CouplesApi", "Privacy", "PracticeApi"])
def test_concurrency_is_reserved_only_if_a_parameter_says_so(name: str, template: Properties) -> None:
    """An account with a limit of 10 can reserve none, so that a value would make its deployment fail."""
    parameter, condition = f"{name}Concurrency", f"Reserves{name}"
    assert template["Parameters"][parameter]["Default"] == 0
    assert template["Conditions"][condition] == {"Fn::Not": [{"Fn::Equals": [{"Ref": parameter}, 0]}]}
    reserved = template["Resources"][name]["Properties"]["ReservedConcurrentExecutions"]
    assert reserved == {"Fn::If": [condition, {"Ref": parameter}, {"Ref": "AWS::NoValue"}]}


def test_a_route_without_a_sign_in_has_a_throttle_of_its_own(template: Properties) -> None:
    stage = template["Resources"]["ApiApiGatewayDefaultStage"]["Properties"]
    paths = template["Resources"]["Api"]["Properties"]["Body"]["paths"]
    unsigned = {
        f"{method.upper()} {path}"
        for path, methods in paths.items()
        for method, route in methods.items()
        if not route.get("security")
    }
    assert stage["RouteSettings"].keys() == unsigned
    for throttle in stage["RouteSettings"].values():
        assert 0 < throttle["ThrottlingRateLimit"] < stage["DefaultRouteSettings"]["ThrottlingRateLimit"]


def test_the_local_stage_has_no_canary(built_template: Properties) -> None:
    resources = transformed(built_template, "local", parameters_of("local"))["Resources"].values()
    assert not any("UpdatePolicy" in each for each in resources if each["Type"] == "AWS::Lambda::Alias")


@pytest.mark.parametrize("name", CLOUD)
def test_a_new_version_is_called_with_its_samples_and_watched_by_its_own_alarms(
    name: str, built_template: Properties
) -> None:
    resources = transformed(built_template, name, parameters_of(name))["Resources"]
    aliases = {
        alias.removesuffix("Aliaslive"): each
        for alias, each in resources.items()
        if each["Type"] == "AWS::Lambda::Alias" and "UpdatePolicy" in each
    }
    functions = {name for name, each in resources.items() if each["Type"] == "AWS::Lambda::Function"}
    assert aliases.keys() == functions - {"ReleaseCheck"}
    for function, alias in aliases.items():
        update = alias["UpdatePolicy"]["CodeDeployLambdaAliasUpdate"]
        assert update["BeforeAllowTrafficHook"] == {"Ref": "ReleaseCheck"}
        version = alias["Properties"]["FunctionVersion"]
        group = resources[update["DeploymentGroupName"]["Ref"]]["Properties"]
        # A page with files of two versions would be broken, so a new version of the console goes live at once.
        assert ("AllAtOnce" if function == "Console" else "Canary") in str(group["DeploymentConfigName"])
        assert "DEPLOYMENT_STOP_ON_ALARM" in group["AutoRollbackConfiguration"]["Events"]
        (alarm,) = [resources[each["Name"]["Ref"]]["Properties"] for each in group["AlarmConfiguration"]["Alarms"]]
        watched = [each["MetricStat"]["Metric"] for each in alarm["Metrics"] if "MetricStat" in each]
        assert [each["MetricName"] for each in watched] == ["Errors", f"{function}VersionErrorLines"]
        assert all(each["Dimensions"][-1]["Value"] == version for each in watched)
        # A new version has a new alarm. If the old version's alarm counted, it would stop the deployment of a fix.
        assert alarm["AlarmName"]["Fn::Sub"].endswith(f"${{{version['Fn::GetAtt'][0]}.Version}}")


@pytest.mark.parametrize("project", ["exchange-couples", "yours-and-mine", "the-example-of-love", "harbor-2"])
def test_a_project_s_name_may_have_any_word_in_it(project: str, built_template: Properties) -> None:
    assert refused(built_template, parameters_of("prod", FirebaseProject=project)) == []


def test_a_practice_s_own_values_are_taken(built_template: Properties) -> None:
    for name in STAGES:
        assert refused(built_template, parameters_of(name)) == []
        assert refused(built_template, parameters_of(name, FirstDeployment="true")) == []


@pytest.mark.parametrize(
    ("parameter", "value"), [(name, value) for name, values in FORMER_PLACEHOLDERS.items() for value in values]
)
def test_production_refuses_every_placeholder(parameter: str, value: str, built_template: Properties) -> None:
    assert len(refused(built_template, parameters_of("prod", **{parameter: value}))) == 1


@pytest.mark.parametrize("name", CLOUD)
def test_the_cloud_refuses_what_samconfig_ships_with(name: str, built_template: Properties) -> None:
    shipped = dict(each.split("=") for each in SAMCONFIG[name]["deploy"]["parameters"]["parameter_overrides"].split())
    placeholders = {parameter for parameter, value in shipped.items() if value == "CHANGE-ME"}
    assert placeholders == A_PRACTICE.keys()
    assert len(refused(built_template, shipped)) == len(placeholders)


@pytest.mark.parametrize("name", STAGES)
def test_each_stage_names_its_region(name: str) -> None:
    assert region_of(name).count("-") == 2
