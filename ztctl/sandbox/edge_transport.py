"""httpx transport to the hosts behind the simulated edge, without a socket.

Source: ssh-workflow 9.2: for a host protected by Access, a HEAD without credentials is redirected
to ``https://<auth_domain>/cdn-cgi/access/login/<host>?kid=<aud>``.
Not emulated: parameters other than ``kid``; origins (the answer is 200 without a body).
"""

from __future__ import annotations

import httpx

from ztctl.sandbox.edge.values import Answer, Visit
from ztctl.sandbox.service import Sandbox


class EdgeTransport(httpx.AsyncBaseTransport):
    """Answers as the edge would; raises `httpx.ConnectError` where there is no HTTP answer."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Answer one request of a visitor without credentials."""
        host = request.url.host
        visit = Visit(host, request.url.path, method=request.method)
        answer = self._sandbox.edge.visit(visit)
        if answer.status == 0:
            raise httpx.ConnectError(f"{host}: {answer.reason}", request=request)
        headers = {"location": self._login(host, answer)} if answer.outcome == "login" else {}
        return httpx.Response(answer.status, headers=headers)

    def _login(self, host: str, answer: Answer) -> str:
        with self._sandbox.session() as state:
            domain = next(iter(state.store.all("organization")))["auth_domain"]
            app = state.store.get("app", answer.application or "")
        kid = f"?kid={app['aud']}" if app else ""
        return f"https://{domain}/cdn-cgi/access/login/{host}{kid}"
