"""Probe ministack without our patches. A probe is true while its patch is still needed.

Each probe has the name of a patch, and is true if ministack lacks what that patch adds. The module runs in the
emulator's environment and prints one JSON object with each probe's result or error.
"""

# mypy: disable-error-code="no-untyped-call"
from __future__ import annotations

import inspect
import json
import pkgutil
import sys
from typing import Any

from ministack import app
from ministack.core import iam_actions, iam_evaluator, lambda_runtime, persistence
from ministack.services import apigateway, dynamodb, eventbridge, lambda_svc, scheduler, secretsmanager
from ministack.services.cloudformation import provisioners

from local.emulator import patches

TABLE = {
    "TableName": "T",
    "BillingMode": "PAY_PER_REQUEST",
    "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}],
    "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}],
    "TimeToLiveSpecification": {"AttributeName": "ttl", "Enabled": True},
}
KEY = {"pk": {"S": "p"}}


def create(kind: str, properties: dict[str, Any]) -> Any:
    return provisioners._RESOURCE_HANDLERS[kind]["create"]("Resource", properties, "stack")


def gateway_failures() -> bool:
    leaking = lambda_svc.lambda_execute_result_to_api_proxy_response({"error": True, "body": {"errorMessage": "why"}})
    return "why" in json.dumps(leaking)


def http_api_body() -> bool:
    routed = {"/v1/me": {"get": {"x-amazon-apigateway-integration": {"uri": "arn", "payloadFormatVersion": "2.0"}}}}
    api, _ = create("AWS::ApiGatewayV2::Api", {"Name": "api", "ProtocolType": "HTTP", "Body": {"paths": routed}})
    return not apigateway._routes.get(api)


def kms_context() -> bool:
    body = json.dumps({"EncryptionContext": {"couple": "c"}}).encode()
    return "kms:encryptioncontext:couple" not in iam_actions.request_tag_context("kms", "kms:Decrypt", body, {})


def leading_keys() -> bool:
    assert iam_actions.dynamodb_transaction_checks
    assert iam_evaluator.enforce
    update = {"UpdateExpression": "SET #t = :t", "ExpressionAttributeNames": {"#t": "text"}, "ReturnValues": "ALL_NEW"}
    body = json.dumps({"TableName": "T", "Key": KEY} | update).encode()
    known: dict[str, Any] = iam_actions.dynamodb_service_context(body)
    return known.keys().isdisjoint({"dynamodb:LeadingKeys", "dynamodb:Attributes", "dynamodb:ReturnValues"})


def log_files() -> bool:
    return "open(" not in inspect.getsource(lambda_svc._emit_lambda_logs)


def manual_ticks() -> bool:
    return "environ" not in inspect.getsource(scheduler.start_scheduler)


def metric_math() -> bool:
    stat = {"Metric": {"Namespace": "n", "MetricName": "m"}, "Stat": "Sum", "Period": 60}
    alarm = {"ComparisonOperator": "GreaterThanThreshold", "Threshold": 1, "Metrics": [{"Id": "m", "MetricStat": stat}]}
    try:
        provisioners._cw_metric_alarm_record("alarm", alarm)
    except ValueError:
        return True
    return False


def quick_exit() -> bool:
    """Return whether ministack imports its SSH server when it ends, even if the server was off."""
    end = inspect.getsource(app).partition("lifespan.shutdown")[2]
    return end.index("import transfer") < end.index("await transfer.sftp_stop()")


def read_capacity() -> bool:
    dynamodb._put_item({"TableName": "T", "Item": KEY | {"text": {"S": "x" * 9_000}}})
    _, _, body = dynamodb._get_item({"TableName": "T", "Key": KEY, "ReturnConsumedCapacity": "TOTAL"})
    assert dynamodb._paginate_evaluated_items
    return bool(json.loads(body)["ConsumedCapacity"]["CapacityUnits"] == 0.5)


def saved_code() -> bool:
    assert lambda_svc._write_code_blob
    assert lambda_svc._prune_orphan_code_blobs
    return '"layers": copy.deepcopy(_layers)' in inspect.getsource(lambda_svc.get_state)


def saving() -> bool:
    assert persistence._json_default
    assert persistence._state_format_version
    return inspect.getsource(app).count(" save_all(") == 1


def schedule_input() -> bool:
    assert eventbridge._cron_next_fire
    return "aws.scheduler.scheduled-time" not in inspect.getsource(scheduler) + inspect.getsource(eventbridge)


def secret_ref() -> bool:
    reference, _ = create("AWS::SecretsManager::Secret", {"Name": "fcm", "SecretString": "{}"})
    return bool(reference != secretsmanager._secrets["fcm"]["ARN"])


def silent_calls() -> bool:
    defaults = lambda_runtime.Worker._drain_stderr_bounded.__defaults__
    return bool(defaults[0] >= 0.05)


def sqs_batches() -> bool:
    headers = {"x-amz-target": "AmazonSQS.SendMessageBatch"}
    action = iam_actions.extract_iam_action("sqs", "POST", "/", headers, b"{}", {})
    return bool(action == "sqs:SendMessageBatch")


def table_settings() -> bool:
    name, _ = create("AWS::DynamoDB::Table", TABLE)
    return name not in dynamodb._ttl_settings


def unpacked_code() -> bool:
    return "extractall(" in inspect.getsource(lambda_runtime)


def worker_failures() -> bool:
    return '{"status": "error", "error": str(e), "trace"' in lambda_runtime._PYTHON_WORKER_SCRIPT


def worker_packages() -> bool:
    return "sys.path[:] =" not in lambda_runtime._PYTHON_WORKER_SCRIPT


def main() -> None:
    names = sorted({module.name for module in pkgutil.iter_modules(patches.__path__)} - {"seams"})
    results: dict[str, object] = {}
    # `table_settings` comes first, because it creates the table that the other probes use.
    for name in sorted(names, key=lambda name: name != "table_settings"):
        try:
            results[name] = globals()[name]()
        except Exception as error:  # noqa: BLE001 - a private name that has moved
            results[name] = f"{type(error).__name__}: {error}"
    sys.stdout.write(json.dumps(results))


if __name__ == "__main__":
    main()
