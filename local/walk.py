"""What a person at the terminal is told when the stack is up: addresses, and a walk through the API to paste."""

from __future__ import annotations

from string import Template
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from local.stack import Stack

_WALK = Template(r"""
# Two people sign in, new ones with every paste, and keep their ID tokens.
API='$api'; GOOGLE='$google'
field() { python3 -c "import json, sys; print(json.load(sys.stdin)$$1)"; }
sign_in() { curl -sS $$GOOGLE/sign-in -d "{\"email\": \"$$1\"}" | field "['id_token']"; }
ANA=$$(sign_in ana-$$RANDOM$$RANDOM@example.org); BEN=$$(sign_in ben-$$RANDOM$$RANDOM@example.org)
ANA_PHONE=ana-phone-$$RANDOM; BEN_PHONE=ben-phone-$$RANDOM
call() {
  curl -sS -X $$2 "$$API$$3" -H "Authorization: Bearer $$1" -H 'Content-Type: application/json' $${4:+-d "$$4"}; echo
}

# Each says who they are and where their phone is.
REST='"language": "en", "depth": 1, "barriers": [], "streak_hidden": false'
call $$ANA PUT /v1/me "{\"display_name\": \"Ana\", \"zone\": \"America/New_York\", \"touch_comfort\": 0, $$REST}"
call $$BEN PUT /v1/me "{\"display_name\": \"Ben\", \"zone\": \"Asia/Tokyo\", \"touch_comfort\": 0, $$REST}"
call $$ANA PUT /v1/me/devices/phone "{\"token\": \"$$ANA_PHONE\", \"fid\": null, \"platform\": \"ios\"}"
call $$BEN PUT /v1/me/devices/phone "{\"token\": \"$$BEN_PHONE\", \"fid\": null, \"platform\": \"android\"}"

# Ana does not wait for Ben: she answers a prompt of her own. Nobody else reads it, unless she shows it to him.
ALONE=$$(call $$ANA GET /v1/solo/today | field "['date']")
call $$ANA PUT /v1/solo/days/$$ALONE/answer '{"text": "What I would like to ask you one day.", "revision": null}'

# Ana invites, Ben redeems her code, Ana sees who it is and confirms.
CODE=$$(call $$ANA POST /v1/invites | field "['code']")
call $$BEN POST /v1/invites/redeem "{\"code\": \"$$CODE\"}"
INVITE=$$(call $$ANA GET /v1/invites | field "['invite_id']")
call $$ANA POST /v1/invites/confirm "{\"invite_id\": \"$$INVITE\"}"

# The prompt of the day, by the date on the clock of Ana; she swaps it. Both answer; then both answers are
# open, and each leaves a word beside the other's.
DATE=$$(call $$ANA GET /v1/today | field "['today']['date']")
PROMPT=$$(call $$ANA POST /v1/days/$$DATE/swap | field "['prompt']['id']")
FIRST="\"share_first\": false, \"revision\": null, \"prompt\": \"$$PROMPT\""
call $$ANA PUT /v1/days/$$DATE/answer "{\"text\": \"The morning you brought me coffee.\", $$FIRST}"
call $$BEN PUT /v1/days/$$DATE/answer "{\"text\": \"Our walk by the river.\", $$FIRST}"
call $$ANA PUT /v1/days/$$DATE/reflection '{"kind": "heard", "text": "That you like it slow, and next to me."}'
call $$BEN PUT /v1/days/$$DATE/reflection '{"kind": "thank_you", "text": null}'
call $$ANA GET /v1/days/$$DATE
call $$ANA GET /v1/streak
MONDAY=$$(python3 -c "from datetime import *; d = date.fromisoformat('$$DATE'); print(d - timedelta(d.weekday()))")
call $$ANA GET "/v1/recap?week=$$MONDAY"

# She shows Ben what she answered before they were a couple.
call $$ANA POST /v1/solo/days/$$ALONE/share
call $$BEN GET /v1/solo/shared

# A week off for both, by either of them, and back again.
NEXT_WEEK=$$(python3 -c "import datetime as dt; print(dt.date.fromisoformat('$$DATE') + dt.timedelta(days=7))")
call $$BEN PATCH /v1/couple "{\"pause\": {\"until\": \"$$NEXT_WEEK\"}}"
call $$ANA DELETE /v1/couple/pause

# What there is to choose from, and whom to turn to.
call $$ANA GET /v1/packs
call $$BEN PUT /v1/couple/packs/starter
call $$ANA GET /v1/help

# A nudge, and the small gesture of the day once both have opted in. A reminder comes at its time, or by `make tick`.
call $$ANA POST /v1/nudges '{"gesture": "thank_you"}'
call $$BEN GET /v1/nudges
for WHO in $$ANA $$BEN; do
  call $$WHO PUT /v1/me/reminders '{
    "prompt_time": "08:30", "evening_time": "20:30", "quiet_hours": {"start": "22:00", "end": "07:00"},
    "touch": {"weekdays": ["monday", "thursday"], "time": "19:00"}, "nudges_muted": false, "news": true
  }'
done
call $$ANA PUT /v1/me "{\"display_name\": \"Ana\", \"zone\": \"America/New_York\", \"touch_comfort\": 1, $$REST}"
call $$BEN PUT /v1/me "{\"display_name\": \"Ben\", \"zone\": \"Asia/Tokyo\", \"touch_comfort\": 2, $$REST}"
call $$BEN GET /v1/touch/today

# What Ana wrote, for her to take along, and beside it what Ben has opened to her; it takes a sign-in of just now.
call $$ANA POST /v1/me/export

# What FCM sends to each phone a moment later, by stream and queue (add /stream to watch it live).
inbox() { for _ in 1 2 3 4 5 6 7 8 9; do curl -sS $$GOOGLE/inbox/$$1 | grep title && break; sleep 1; done; echo; }
inbox $$ANA_PHONE
inbox $$BEN_PHONE
""")


def walk(stack: Stack) -> str:
    """Shell commands for a POSIX shell with curl and python3."""
    return _WALK.substitute(api=stack.api_url, google=stack.google_url).strip()


def addresses(stack: Stack) -> dict[str, str]:
    """What listens where."""
    return {
        "Two phones in your browser": stack.phones_url,
        "API": stack.api_url,
        "Console, for editor@practice.example with the password rekindle": stack.console_url,
        "Sign-in, FCM inboxes and faults": stack.google_url,
        "AWS": stack.endpoint_url,
        "Logs": str(stack.logs),
        "Failures of functions": str(stack.logs / "errors.log"),
    }
