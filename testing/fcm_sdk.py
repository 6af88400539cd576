"""firebase-admin with prepared answers: what the SDK makes of an answer, and the body that it sends."""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING, Any

import firebase_admin
from firebase_admin import exceptions, messaging
from google.auth.credentials import AnonymousCredentials
from requests import PreparedRequest, Response
from requests.adapters import HTTPAdapter

if TYPE_CHECKING:
    from testing.fcm_wire import Answer


class _Renewable(AnonymousCredentials):
    """The SDK renews its credential twice for each answer with 401."""

    def refresh(self, request: object) -> None:
        pass


class Sdk(HTTPAdapter):
    """The SDK's messaging service, whose HTTP adapter answers without a network."""

    def __init__(self) -> None:
        super().__init__()
        self.bodies: list[bytes] = []
        self._answer: Answer | None = None
        self._app = firebase_admin.initialize_app(_Renewable(), {"projectId": "p"}, f"sdk-{id(self)}")  # type: ignore[no-untyped-call]
        service = messaging._get_messaging_service(self._app)
        service._client.session.mount("https://fcm.googleapis.com/v1", self)

    def close(self) -> None:
        super().close()
        firebase_admin.delete_app(self._app)

    def send(self, request: PreparedRequest, *_: Any, **__: Any) -> Response:
        """Return the prepared answer."""
        body, answer = request.body, self._answer
        assert isinstance(body, bytes)
        assert answer
        self.bodies.append(body)
        response = Response()
        response.status_code, response.raw, response.request = answer.status, io.BytesIO(answer.content), request
        return response

    def error_of(self, answer: Answer, message: messaging.Message) -> exceptions.FirebaseError | None:
        """Return the SDK's error for an answer to the message. None is a push that was taken."""
        self._answer = answer
        try:
            (response,) = messaging.send_each([message], app=self._app).responses
        except exceptions.FirebaseError as stumbled:
            return stumbled
        error: exceptions.FirebaseError | None = response.exception
        return error

    def encoded(self, message: messaging.Message, taken: Answer) -> Any:
        """Return the body, as JSON, that the SDK sends for a message."""
        assert self.error_of(taken, message) is None
        return json.loads(self.bodies[-1])
