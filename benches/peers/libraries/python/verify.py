"""Has PyJWT check one HS256 token over and over. The protocol is in benches/peers/README.md."""

import json
import sys
import time

import jwt

BATCH = 20  # checks between two looks at the clock

asked = json.loads(sys.stdin.readline())
TOKEN = asked["token"]
KEY = jwt.get_algorithm_by_name("HS256").prepare_key(bytes.fromhex(asked["key_hex"]))


def check(token: str) -> dict:
    return jwt.decode(token, KEY, algorithms=["HS256"], issuer=asked["issuer"], audience=asked["audience"])


def repeated(for_ms: int) -> int:
    checks, until = 0, time.monotonic() + for_ms / 1e3
    while checks == 0 or time.monotonic() < until:
        for _ in range(BATCH):
            check(TOKEN)
        checks += BATCH
    return checks


# A refusal would be quick, and the figures fine; and what takes everything is no check.
assert check(TOKEN)["sub"] == asked["sub"]
try:
    check(TOKEN[:-8] + "AAAAAAAA")
    sys.exit("PyJWT took a token with another signature")
except jwt.InvalidSignatureError:
    pass

print(json.dumps([{"library": "PyJWT", "version": jwt.__version__}]), flush=True)
for line in sys.stdin:
    print(json.dumps({"checks": repeated(json.loads(line)["for_ms"])}), flush=True)
