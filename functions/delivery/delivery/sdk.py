"""firebase-admin's own way to FCM, set up never to wait and never to repeat itself: what to fall back on.

The SDK on its own sleeps through Retry-After, repeats on 500 and 503 four times, and refreshes its credential twice for
each message that is answered with 401. A function is billed for every second of that; the queue waits for free.
"""

from __future__ import annotations

import time
import uuid
from itertools import batched
from typing import TYPE_CHECKING, Any, Final, Self

import firebase_admin
from firebase_admin import _http_client, exceptions, messaging
from google.auth.credentials import Credentials
from google.auth.transport.requests import AuthorizedSession
from requests.adapters import HTTPAdapter
from urllib3.exceptions import ReadTimeoutError
from urllib3.util import Retry

from delivery.answers import ends_page
from delivery.gateway import AT_ONCE
from delivery.transport import Told, addressed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from urllib3 import BaseHTTPResponse

    from delivery.transport import Answer
    from rekindle.domain.models import Target


class _OnceIfCutOff(Retry):
    """One more try where a connection breaks, as those do that outlive a frozen function, and none after a timeout."""

    def increment(
        self,
        method: str | None = None,
        url: str | None = None,
        response: BaseHTTPResponse | None = None,
        error: Exception | None = None,
        *args: Any,  # noqa: ANN401  urllib3's own, and passed on as they are
        **kwargs: Any,  # noqa: ANN401  the same
    ) -> Self:
        if isinstance(error, ReadTimeoutError):
            raise error
        return super().increment(method, url, response, error, *args, **kwargs)


_RETRIES: Final = _OnceIfCutOff(
    total=1, status=0, redirect=0, other=0, allowed_methods=None, respect_retry_after_header=False
)


class _AccessToken(Credentials):
    """The access token of a page, which whoever sends the page sees to."""

    def refresh(self, request: object) -> None:
        raise NotImplementedError("an access token cannot renew itself")


class Sdk:
    """A transport by `messaging.send_each`: each turn of AT_ONCE messages has a thread for each of them.

    It has no pace: for that, threads are slow enough.
    """

    def __init__(self, endpoint: str, project: str, timeout: tuple[float, float]) -> None:
        self._access = _AccessToken()  # type: ignore[no-untyped-call]
        self._session = AuthorizedSession(self._access, refresh_status_codes=())  # type: ignore[no-untyped-call]
        self._session.mount(endpoint, HTTPAdapter(pool_connections=1, pool_maxsize=AT_ONCE, max_retries=_RETRIES))
        self._app = firebase_admin.initialize_app(self._access, {"projectId": project}, name=f"delivery-{uuid.uuid4()}")
        # The SDK has no public setting for its address or its transport; a test would notice if these parts moved.
        service = messaging._get_messaging_service(self._app)  # noqa: SLF001
        service._fcm_url = f"{endpoint}/v1/projects/{project}/messages:send"  # noqa: SLF001
        service._client = _http_client.JsonHttpClient(  # noqa: SLF001
            session=self._session, retries=None, timeout=timeout
        )

    def close(self) -> None:
        """Let go of the connections."""
        firebase_admin.delete_app(self._app)
        self._session.close()  # type: ignore[no-untyped-call]

    def send(
        self, message: messaging.Message, targets: Sequence[Target], access_token: str, until: float
    ) -> list[Answer]:
        """One answer for each target, in order; see `Transport`."""
        self._access.token = access_token
        answers: list[Answer] = []
        for turn in batched(targets, AT_ONCE, strict=False):
            told = self._answers([addressed(message, target) for target in turn])
            answers.extend(told)
            if time.monotonic() > until or any(ends_page(answer) for answer in told):
                break
        return answers + [Told.NOT_BEGUN] * (len(targets) - len(answers))

    def _answers(self, messages: list[messaging.Message]) -> list[Answer]:
        try:
            responses = messaging.send_each(messages, app=self._app).responses
        except exceptions.FirebaseError as error:
            # An answer that is not of the shape that FCM's have makes the SDK forget those of the whole batch.
            return [error] * len(messages)
        return [response.exception or Told.ACCEPTED for response in responses]
