"""Makes made_by_pyjwt.json: tokens of PyJWT and keys of cryptography, which `cargo lab token` is tested with.

    pip install PyJWT==2.15.1 cryptography && python made_by_pyjwt.py > made_by_pyjwt.json

The keys protect nothing.
"""

import base64
import datetime
import json

import jwt
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

CLAIMS = {"iss": "https://issuer.example", "aud": "api", "sub": "ann", "iat": 1795000000, "exp": 1795000900}
SECRET = bytes(range(1, 65))


def certificate(key) -> str:
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "issuer.example")])
    begin = datetime.datetime(2026, 1, 1)
    hashed = None if isinstance(key, ed25519.Ed25519PrivateKey) else hashes.SHA256()
    made = x509.CertificateBuilder(name, name, key.public_key(), 1, begin, begin + datetime.timedelta(days=9))
    return made.sign(key, hashed).public_bytes(Encoding.PEM).decode()


def forms(key) -> dict:
    """The key in every form that a file may have."""
    public = key.public_key()
    pem = lambda form: public.public_bytes(Encoding.PEM, form).decode()
    private = lambda form: key.private_bytes(Encoding.PEM, form, NoEncryption()).decode()
    made = {
        "spki": pem(PublicFormat.SubjectPublicKeyInfo),
        "pkcs8": private(PrivateFormat.PKCS8),
        "certificate": certificate(key),
        "der": base64.b64encode(
            public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        ).decode(),
    }
    if isinstance(key, rsa.RSAPrivateKey):
        made["pkcs1"] = pem(PublicFormat.PKCS1)
    if not isinstance(key, ed25519.Ed25519PrivateKey):
        made["traditional"] = private(PrivateFormat.TraditionalOpenSSL)
    return made


rsa_key = rsa.generate_private_key(65537, 2048)
keys = {
    **{alg: SECRET for alg in ("HS256", "HS384", "HS512")},
    **{alg: rsa_key for alg in ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512")},
    "ES256": ec.generate_private_key(ec.SECP256R1()),
    "ES384": ec.generate_private_key(ec.SECP384R1()),
    "ES512": ec.generate_private_key(ec.SECP521R1()),
    "ES256K": ec.generate_private_key(ec.SECP256K1()),
    "EdDSA": ed25519.Ed25519PrivateKey.generate(),
}
tokens, jwks, pems = {}, [], {}
for alg, key in keys.items():
    tokens[alg] = jwt.encode(CLAIMS, key, algorithm=alg, headers={"kid": f"key-{alg}"})
    algorithm = jwt.get_algorithm_by_name(alg)
    public = key if isinstance(key, bytes) else key.public_key()
    jwk = algorithm.to_jwk(public, as_dict=True)
    # PyJWT writes `key_ops` for RSA only.
    jwks.append({**jwk, "kid": f"key-{alg}", "alg": alg, "use": "sig"})
    if not isinstance(key, bytes) and alg not in ("RS384", "RS512", "PS256", "PS384", "PS512"):
        pems[alg] = forms(key)


def confused() -> str:
    """A token that an attacker signs with the text of a public key. PyJWT refuses to, so its HMAC is called directly."""
    parts = [json.dumps({"alg": "HS256"}), json.dumps({**CLAIMS, "role": "admin"})]
    message = b".".join(jwt.utils.base64url_encode(part.encode()) for part in parts)
    signature = jwt.get_algorithm_by_name("HS256").sign(message, pems["RS256"]["spki"].encode())
    return (message + b"." + jwt.utils.base64url_encode(signature)).decode()


made = {"claims": CLAIMS, "tokens": tokens, "jwks": {"keys": jwks}, "forms": pems, "confused": confused()}
print(json.dumps(made, indent=1))
