"""Add to CloudFormation's provisioners: an HTTP API's body, a table's TTL and backups, a secret's ARN, metric math."""

from __future__ import annotations

from typing import Any

from ministack.services import apigateway, dynamodb, secretsmanager
from ministack.services.cloudformation import provisioners

from local.emulator.seams import after_provisioning


def apply() -> None:
    """Amend the provisioners."""
    after_provisioning("AWS::ApiGatewayV2::Api", _route_http_api)
    after_provisioning("AWS::DynamoDB::Table", _keep_table_settings)
    _take_alarms_on_several_metrics()
    _refer_to_secrets_by_arn()


def _take_alarms_on_several_metrics() -> None:
    """Have an alarm that works its value out of several metrics watch the first; ministack refuses it otherwise.

    No function reports a metric here, so neither would ever ring.
    """
    record = provisioners._cw_metric_alarm_record

    def of_one_metric(name: str, properties: dict[str, Any]) -> Any:
        watched = [each["MetricStat"] for each in properties.get("Metrics", []) if "MetricStat" in each]
        if watched:
            first = watched[0]["Metric"] | {"Statistic": watched[0]["Stat"], "Period": watched[0]["Period"]}
            properties = {name: value for name, value in properties.items() if name != "Metrics"} | first
        return record(name, properties)

    provisioners._cw_metric_alarm_record = of_one_metric


def _route_http_api(api_id: str, properties: dict[str, Any]) -> None:
    """SAM describes a whole HTTP API in one OpenAPI body, which ministack ignores: the API would have no route."""
    body = properties.get("Body")
    if not body:
        return
    for store in (apigateway._routes, apigateway._integrations, apigateway._authorizers):
        store[api_id] = {}
    authorizers = {
        name: _authorizer(api_id, name, scheme["x-amazon-apigateway-authorizer"])
        for name, scheme in body.get("components", {}).get("securitySchemes", {}).items()
    }
    integrations: dict[str, str] = {}
    for path, operations in body["paths"].items():
        for verb, operation in operations.items():
            target = operation["x-amazon-apigateway-integration"]
            if target["uri"] not in integrations:
                integrations[target["uri"]] = _integration(api_id, target)
            route = {
                "ApiId": api_id,
                "RouteKey": _route_key(verb, path),
                "Target": f"integrations/{integrations[target['uri']]}",
            }
            for requirement in operation.get("security", []):
                for name, scopes in requirement.items():
                    if name in authorizers:
                        route |= {
                            "AuthorizationType": "JWT",
                            "AuthorizerId": authorizers[name],
                            "AuthorizationScopes": scopes,
                        }
            provisioners._apigw_v2_route_create("", route, "")
    apigateway._apis[api_id]["corsConfiguration"] = body.get("x-amazon-apigateway-cors", {})


def _route_key(verb: str, path: str) -> str:
    if path == "/$default":
        return "$default"
    return f"{'ANY' if verb.startswith('x-') else verb.upper()} {path}"


def _authorizer(api_id: str, name: str, scheme: dict[str, Any]) -> str:
    jwt = scheme["jwtConfiguration"]
    created: tuple[str, object] = provisioners._apigw_v2_authorizer_create(
        name,
        {
            "ApiId": api_id,
            "IdentitySource": [scheme["identitySource"]],
            "JwtConfiguration": {"Issuer": jwt["issuer"], "Audience": jwt["audience"]},
        },
        "",
    )
    return created[0]


def _integration(api_id: str, target: dict[str, Any]) -> str:
    created: tuple[str, object] = provisioners._apigw_v2_integration_create(
        "",
        {
            "ApiId": api_id,
            "IntegrationUri": target["uri"],
            "PayloadFormatVersion": target["payloadFormatVersion"],
        },
        "",
    )
    return created[0]


def _keep_table_settings(name: str, properties: dict[str, Any]) -> None:
    """The table provisioner drops both settings, so nothing would ever expire."""
    if ttl := properties.get("TimeToLiveSpecification"):
        dynamodb._update_ttl({"TableName": name, "TimeToLiveSpecification": ttl})
    if backups := properties.get("PointInTimeRecoverySpecification"):
        dynamodb._update_continuous_backups({"TableName": name, "PointInTimeRecoverySpecification": backups})


def _refer_to_secrets_by_arn() -> None:
    """A secret's Ref is its ARN; ministack's is its name, which no policy built from the Ref would match."""
    handlers = provisioners._RESOURCE_HANDLERS["AWS::SecretsManager::Secret"]
    create, update, delete = handlers["create"], handlers["update"], handlers["delete"]

    def name_of(reference: str) -> str:
        return next((name for name, secret in secretsmanager._secrets.items() if secret["ARN"] == reference), reference)

    def by_arn(result: tuple[str, dict[str, Any]]) -> tuple[str, dict[str, Any]]:
        return result[1]["Arn"], result[1]

    def created(*arguments: Any, **named: Any) -> Any:
        return by_arn(create(*arguments, **named))

    def updated(reference: str, *arguments: Any, **named: Any) -> Any:
        return by_arn(update(name_of(reference), *arguments, **named))

    def deleted(reference: str, properties: dict[str, Any]) -> Any:
        return delete(name_of(reference), properties)

    handlers.update(create=created, update=updated, delete=deleted)
