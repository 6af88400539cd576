"""Accept alarms that calculate with several metrics. ministack refuses such alarms.

With this patch, such an alarm watches only its first metric. No alarm goes off in the emulator anyway, because no
function reports metrics to the emulator.
"""

from __future__ import annotations

from typing import Any

from ministack.services.cloudformation import provisioners


def apply() -> None:
    """Create an alarm on the first metric in place of an alarm on several metrics."""
    original = provisioners._cw_metric_alarm_record

    def of_one_metric(name: str, properties: dict[str, Any]) -> Any:
        watched = [each["MetricStat"] for each in properties.get("Metrics", []) if "MetricStat" in each]
        if watched:
            first = watched[0]["Metric"] | {"Statistic": watched[0]["Stat"], "Period": watched[0]["Period"]}
            properties = {name: value for name, value in properties.items() if name != "Metrics"} | first
        return original(name, properties)

    provisioners._cw_metric_alarm_record = of_one_metric
