"""The function answers the API's sample events as API Gateway sends them."""

from __future__ import annotations

import datetime as dt
import json
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools.utilities.typing import LambdaContext

import privacy.handler
from rekindle.domain.ids import InviteId, Uid
from rekindle.store.invites import Invite, InviteState
from testing.apis import handler_of, privacy_services
from testing.builders import NEW_YORK, TOKYO, an_instant
from testing.phones import Phone, confirmation
from testing.samples import sample_event

if TYPE_CHECKING:
    from couples_api.services import Services

NOW = an_instant("2026-03-02T15:00:00Z")


def test_the_samples_tell_a_story_from_redeeming_to_taking_along(own_services: Services) -> None:
    api = handler_of(lambda: own_services)

    def fed(name: str) -> Any:
        answer = api(sample_event(f"couples_api-{name}"), LambdaContext())
        assert answer["statusCode"] == 200, answer
        return json.loads(answer["body"])

    ada, ben = Phone(api, Uid("uid-ada"), NOW), Phone(api, Uid("uid-ben"), NOW)
    ada.put("/v1/me", {"display_name": "Ada", "zone": NEW_YORK})
    ben.put("/v1/me", {"display_name": "Ben", "zone": TOKYO})
    code = json.loads(sample_event("couples_api-redeem")["body"])["code"]
    own_services.invites.create(
        Invite(
            id=InviteId("invite"),
            code_mac=own_services.vault.mac(code.replace("-", "")),
            inviter=ada.uid,
            inviter_name="Ada",
            state=InviteState.OPEN,
            expires_at=NOW + dt.timedelta(hours=1),
        ),
        NOW,
        lambda _person: None,
    )
    assert fed("redeem")["inviter"] == "Ada"
    assert ada.post("/v1/invites/confirm", confirmation(ada, "invite")).status == 200
    today = fed("get-today")["today"]
    assert (today["date"], today["me"]["state"]) == ("2026-03-02", "waiting")
    answered = fed("put-answer")
    assert answered["me"]["text"] == "The way you hum when you cook."
    assert ben.get("/v1/days/2026-03-02").body["partner"] == {"state": "answered", "text": None, "edited": False}
    own = privacy.handler.handler_of(lambda: privacy_services(own_services))
    exported = own(sample_event("privacy-export"), LambdaContext())
    (entry,) = json.loads(exported["body"])["entries"]
    assert entry["answer"]["text"] == "The way you hum when you cook."
