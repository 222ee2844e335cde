"""FastAPI with PyJWT on uvicorn: what a Python service is most often built from today.

One process, uvloop and httptools, no access log. The key is prepared once, and algorithm, issuer and audience are pinned.
Handlers are `async`, so that no request waits for a thread.
"""

import asyncio
import hashlib
import hmac
import os
import secrets
import socket
import sys
import threading
import time
from contextlib import asynccontextmanager
from typing import Annotated
from uuid import uuid4

import jwt
import uvicorn
from fastapi import Depends, FastAPI, HTTPException, Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel

ACCESS_TTL_S = 900
ALGORITHM = "HS256"
KEY = jwt.get_algorithm_by_name(ALGORITHM).prepare_key(secrets.token_bytes(32))
KEY_ID = str(uuid4())
ISSUER = "https://authlab.example"
AUDIENCE = "authlab-api"


class Person(BaseModel):
    email: str
    password: str


class Credentials(BaseModel):
    token_type: str = "Bearer"
    access_token: str
    expires_in: int = ACCESS_TTL_S
    user_id: str


class Me(BaseModel):
    user_id: str
    email: str
    session_id: str | None


class Refused(HTTPException):
    """A problem of RFC 9457, by its code."""

    def __init__(self, status: int, code: str, challenge: str | None = None):
        super().__init__(status, code, {"WWW-Authenticate": challenge} if challenge else None)


@asynccontextmanager
async def announced(_app: FastAPI):
    print(f"listening on http://127.0.0.1:{listener.getsockname()[1]}", flush=True)
    yield


app = FastAPI(openapi_url=None, lifespan=announced)


@app.exception_handler(HTTPException)
async def problem(_request: Request, refused: HTTPException) -> JSONResponse:
    code = refused.detail
    body = {"type": f"/problems/{code}", "title": code, "status": refused.status_code, "detail": code, "code": code}
    headers = {"Cache-Control": "no-store", **(refused.headers or {})}
    return JSONResponse(body, refused.status_code, headers, media_type="application/problem+json")


async def authenticated(request: Request) -> dict:
    """Which account is asking, by its access token."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise Refused(401, "unauthenticated", 'Bearer realm="authlab"')
    try:
        return jwt.decode(
            token,
            KEY,
            algorithms=[ALGORITHM],
            issuer=ISSUER,
            audience=AUDIENCE,
            options={"require": ["exp", "iat", "sub"]},
        )
    except jwt.InvalidTokenError as error:
        raise Refused(401, "invalid_token", 'Bearer realm="authlab", error="invalid_token"') from error


@app.get("/me")
async def me(claims: Annotated[dict, Depends(authenticated)], response: Response) -> Me:
    response.headers["Cache-Control"] = "no-store"
    return Me(user_id=claims["sub"], email=claims["email"], session_id=None)


@app.post("/auth/signup", status_code=201)
async def sign_up(person: Person, response: Response) -> Credentials:
    response.headers["Cache-Control"] = "no-store"
    salt = secrets.token_bytes(16)
    digest = await derived(person.password, salt)
    if person.email in accounts:
        raise Refused(409, "email_taken")
    accounts[person.email] = (str(uuid4()), salt, digest)
    return credentials(accounts[person.email][0], person.email)


@app.post("/auth/login")
async def log_in(person: Person, response: Response) -> Credentials:
    response.headers["Cache-Control"] = "no-store"
    # An unknown address takes as long as a known one.
    user_id, salt, digest = accounts.get(person.email, NOBODY)
    if not hmac.compare_digest(await derived(person.password, salt), digest):
        raise Refused(401, "invalid_credentials")
    return credentials(user_id, person.email)


def credentials(user_id: str, email: str) -> Credentials:
    now = int(time.time())
    claims = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": user_id,
        "iat": now,
        "exp": now + ACCESS_TTL_S,
        "jti": str(uuid4()),
        "email": email,
    }
    token = jwt.encode(claims, KEY, ALGORITHM, {"kid": KEY_ID, "typ": "at+jwt"})
    return Credentials(access_token=token, user_id=user_id)


# Accounts live in memory: nobody measures a log-in here, it is only the way to a credential.
accounts: dict[str, tuple[str, bytes, bytes]] = {}
NOBODY = ("", secrets.token_bytes(16), secrets.token_bytes(64))


async def derived(password: str, salt: bytes) -> bytes:
    return await asyncio.to_thread(hashlib.scrypt, password.encode(), salt=salt, n=2**14, r=8, p=1)


listener = socket.socket()
listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
listener.bind(("127.0.0.1", int(os.environ.get("PORT", "0"))))
listener.listen(1024)


def end_with_stdin() -> None:
    """Whoever started this holds the other end of stdin: when that is gone, nobody is left to serve."""
    sys.stdin.read()
    os._exit(0)


if __name__ == "__main__":
    threading.Thread(target=end_with_stdin, daemon=True).start()
    server = uvicorn.Server(uvicorn.Config(app, loop="uvloop", http="httptools", access_log=False, log_level="error"))
    server.run(sockets=[listener])
