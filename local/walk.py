"""What a person at the terminal is told when the stack is up: addresses, and a walk through the API to paste."""

from __future__ import annotations

from string import Template
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from local.stack import Stack

_WALK = Template(r"""
# Two people sign in, and keep their ID tokens.
API='$api'; GOOGLE='$google'
field() { python3 -c "import json, sys; print(json.load(sys.stdin)$$1)"; }
sign_in() { curl -sS $$GOOGLE/sign-in -d "{\"email\": \"$$1\"}" | field "['id_token']"; }
ANA=$$(sign_in ana@example.org); BEN=$$(sign_in ben@example.org)
call() {
  curl -sS -X $$2 "$$API$$3" -H "Authorization: Bearer $$1" -H 'Content-Type: application/json' $${4:+-d "$$4"}; echo
}

# Each says who they are and where their phone is.
call $$ANA PUT /v1/me '{"display_name": "Ana", "zone": "America/New_York", "language": "en"}'
call $$BEN PUT /v1/me '{"display_name": "Ben", "zone": "Asia/Tokyo", "language": "en"}'
call $$ANA PUT /v1/me/devices/phone '{"token": "ana-phone", "platform": "ios"}'
call $$BEN PUT /v1/me/devices/phone '{"token": "ben-phone", "platform": "android"}'

# Ana invites, Ben redeems her code, Ana sees who it is and confirms.
CODE=$$(call $$ANA POST /v1/invites | field "['code']")
call $$BEN POST /v1/invites/redeem "{\"code\": \"$$CODE\"}"
INVITE=$$(call $$ANA GET /v1/invites | field "['invite_id']")
call $$ANA POST /v1/invites/confirm "{\"invite_id\": \"$$INVITE\"}"

# The day's prompt; both answer, each by the date of their own clock; then both answers are open.
DATE=$$(call $$ANA GET /v1/today | field "['today']['date']")
call $$ANA PUT /v1/days/$$DATE/answer '{"text": "The morning you brought me coffee."}'
call $$BEN PUT /v1/days/$$DATE/answer '{"text": "Our walk by the river."}'
call $$ANA GET /v1/days/$$DATE
call $$ANA GET /v1/streak

# What FCM sent to each phone a moment later, by stream and queue (add /stream to watch it live).
sleep 3; curl -sS $$GOOGLE/inbox/ana-phone; echo
curl -sS $$GOOGLE/inbox/ben-phone; echo
""")


def walk(stack: Stack) -> str:
    """Shell commands for a POSIX shell with curl and python3."""
    return _WALK.substitute(api=stack.api_url, google=stack.google_url).strip()


def addresses(stack: Stack) -> dict[str, str]:
    """What listens where."""
    return {
        "API": stack.api_url,
        "Sign-in, FCM inboxes and faults": stack.google_url,
        "AWS": stack.endpoint_url,
        "Logs": str(stack.logs),
        "Failures of functions": str(stack.logs / "errors.log"),
    }
