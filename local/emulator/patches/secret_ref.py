"""Let the Ref of a secret return the secret's ARN, as on AWS. In ministack, the Ref returns the secret's name.

The template's policies use the Ref. With a name, not an ARN, the policies would not match the secret.
"""

from __future__ import annotations

from typing import Any

from ministack.services import secretsmanager
from ministack.services.cloudformation import provisioners


def apply() -> None:
    """Give CloudFormation the ARN as the secret's physical id."""
    handlers = provisioners._RESOURCE_HANDLERS["AWS::SecretsManager::Secret"]
    create, update, delete = handlers["create"], handlers["update"], handlers["delete"]

    def name_of(reference: str) -> str:
        return next((name for name, secret in secretsmanager._secrets.items() if secret["ARN"] == reference), reference)

    def by_arn(result: tuple[str, dict[str, Any]]) -> tuple[str, dict[str, Any]]:
        return result[1]["Arn"], result[1]

    handlers.update(
        create=lambda *rest, **named: by_arn(create(*rest, **named)),
        update=lambda reference, *rest, **named: by_arn(update(name_of(reference), *rest, **named)),
        delete=lambda reference, properties: delete(name_of(reference), properties),
    )
