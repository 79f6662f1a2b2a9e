"""The HTTP session to the API server, shared in kind by our client and by kopf.

The credentials are added by a middleware for each request, so that a token that was rotated on disk is used at once,
and so that kopf (`kopf.AiohttpSession`) needs no log-in code of its own: it cannot run exec plugins.
"""

from __future__ import annotations

import aiohttp

from registry_operator import __version__
from registry_operator.kube.auth import ClusterConfig, Credentials

USER_AGENT = f"registry-operator/{__version__}"


def open_session(config: ClusterConfig) -> aiohttp.ClientSession:
    """A session with the cluster's trust and credentials; the caller closes it. Needs a running loop."""
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=0, ssl=config.ssl if config.ssl is not None else True),
        headers={"User-Agent": USER_AGENT},
        middlewares=(_Authenticator(config.credentials),),
        proxy=config.proxy,
        cookie_jar=aiohttp.DummyCookieJar(),
    )


class _Authenticator:
    """Sets the credentials' headers; on a 401 reads the credentials anew and tries once more."""

    def __init__(self, credentials: Credentials) -> None:
        self._credentials = credentials

    async def __call__(
        self, request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType
    ) -> aiohttp.ClientResponse:
        request.headers.update(await self._credentials.headers())
        response = await handler(request)
        if response.status != 401 or not await self._credentials.refresh():
            return response
        response.release()
        request.headers.update(await self._credentials.headers())
        return await handler(request)
