"""Run firebase-admin with prepared answers. Show which error it raises for an answer, and which body it sends."""

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
    """A credential that the SDK can renew. The SDK does this after an answer with status 401."""

    def refresh(self, request: object) -> None:
        pass


class Sdk(HTTPAdapter):
    """The SDK's messaging service, with an HTTP adapter that returns prepared answers."""

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
        """Send the message and give the SDK this answer. Return the SDK's error. Return None if there is no error."""
        self._answer = answer
        try:
            (response,) = messaging.send_each([message], app=self._app).responses
        except exceptions.FirebaseError as stumbled:
            return stumbled
        error: exceptions.FirebaseError | None = response.exception
        return error

    def encoded(self, message: messaging.Message, taken: Answer) -> Any:
        """Return the JSON body that the SDK sends for a message. `taken` is FCM's answer that it took the message."""
        assert self.error_of(taken, message) is None
        return json.loads(self.bodies[-1])
