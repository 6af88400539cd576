"""Create the routes of an HTTP API from its OpenAPI body, which ministack ignores.

SAM describes a whole HTTP API in this body. Without this patch, the API would have no routes in the emulator.
"""

from __future__ import annotations

from typing import Any

from ministack.services import apigateway
from ministack.services.cloudformation import provisioners

from local.emulator.patches.seams import after_provisioning


def apply() -> None:
    """After each creation or update of an API, set its routes, integrations, authorizers and CORS from its body."""
    after_provisioning("AWS::ApiGatewayV2::Api", _route)


def _route(api_id: str, properties: dict[str, Any]) -> None:
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
