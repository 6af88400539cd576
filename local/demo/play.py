"""Play ten dates of a couple on a deployed stack, and check each step.

Requests and ticks of past dates are replayed with their instants. Today goes through API Gateway with real tokens.
"""

from __future__ import annotations

import datetime as dt
import re
import time
from collections import Counter
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError
from httpx import HTTPError

from local.clock import now
from local.demo.acts import ACTS
from local.demo.page import KEY, Page
from local.demo.plan import COUPLE, COURSE_DATES, SCRIPT, Moment, planned
from local.demo.stage import COURSE, Claim, Stage
from local.deploy.deployment import APP_LINK
from local.errors import StackError
from local.stack.start import temporary
from rekindle.push.texts import CATALOGUE, Text

if TYPE_CHECKING:
    from rich.console import Console

    from local.stack.start import Progress


def play(console: Console, progress: Progress) -> bool:
    """Play the demo on a stack of its own, and return whether each claim held; raises StackError."""
    began = time.monotonic()
    with temporary(progress) as stack:
        page = Page(console)
        page.head(
            "Rekindle: two people, one prompt a day, and answers that open together",
            f"Ten dates as two phones show them; the stack was up in {time.monotonic() - began:.0f} s.",
            KEY,
        )
        moments = planned(dt.datetime.fromtimestamp(now(), dt.UTC))
        stage = Stage(moments, stack, page)
        try:
            _play_all(stage, moments)
        except (StackError, BotoCoreError, ClientError, HTTPError, LookupError) as error:
            stage.expect(Claim.ANSWERED, f"broken off by {type(error).__name__}: {error}")
        page.verdict(stage.findings)
        held = not any(failures for _, failures in stage.findings.values())
        verdict = "Every expectation held" if held else "Not every expectation held"
        page.head(f"{verdict}, {time.monotonic() - began:.0f} s after the start.")
        return held


def _play_all(stage: Stage, moments: list[Moment]) -> None:
    # The table would delete items of past dates by the real clock.
    stage.stack.client("dynamodb").update_time_to_live(
        TableName=stage.stack.outputs["TableName"],
        TimeToLiveSpecification={"Enabled": False, "AttributeName": "ttl"},
    )
    remaining = Counter(moment.date for moment in moments)
    shown = 0
    for moment in moments:
        stage.moment = moment
        ACTS[moment.act](stage)
        remaining[moment.date] -= 1
        # Dates overlap around the world: a date is shown when it and all before it are over.
        while shown < len(SCRIPT) and not remaining[date := stage.dates[shown]]:
            title = f"{shown + 1} · {date:%a %-d %b} · {list(SCRIPT)[shown]}"
            stage.page.show(date, title, stage.prompts[date], *stage.marks[date])
            shown += 1
    _check_the_end(stage)


def _check_the_end(s: Stage) -> None:
    s.await_empty_queue()
    for name in ("DlqUrl", "ReactDlqUrl"):
        s.expect(Claim.CLEAN, s.messages(name), 0)
    failures = s.stack.logs / "errors.log"
    s.expect(Claim.CLEAN, failures.read_text(encoding="utf-8") if failures.exists() else "", "")
    words = {text for kinds in CATALOGUE.values() for each in kinds.values() for text in each.values()}
    for who in COUPLE:
        inbox = s.inbox(who)
        s.expect(Claim.PUSHES, len(inbox), s.pushes[who])
        for push in inbox:
            s.expect(Claim.PUSHES, push["replaces"], None)
            s.expect(Claim.NEUTRAL, Text(push["title"], push["body"]) in words)
            s.expect(Claim.NEUTRAL, push["data"].keys(), {"link"})
            s.expect(Claim.NEUTRAL, bool(re.fullmatch(rf"{APP_LINK}/o/[dnst]\d{{8}}", push["data"]["link"])))
            s.expect(Claim.NEUTRAL, push["message"]["android"]["notification"]["visibility"], "PRIVATE")
    courses = {s.dates[number] for number in COURSE_DATES}
    for date, prompt in s.prompts.items():
        s.expect(Claim.COURSE, prompt["id"].startswith(f"{COURSE}/"), date in courses)
        if date not in courses:
            week = (s.prompts.get(date - dt.timedelta(days)) for days in range(1, 7))
            s.expect(Claim.SAME, prompt["theme"] in {earlier["theme"] for earlier in week if earlier}, wanted=False)
    s.expect(Claim.SAME, len(s.prompts), len(SCRIPT))
    pack = s.call(f"GET /v1/practice/packs/{COURSE}", staff=True)
    s.expect(Claim.COURSE, pack["state"], "withdrawn")
