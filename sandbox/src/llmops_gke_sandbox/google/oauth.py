# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The token endpoint: a service account's signed assertion for an access token (RFC 7523), as Google does it."""

from __future__ import annotations

import base64
import binascii
import json
import secrets
import time
from dataclasses import dataclass
from pathlib import Path

from aiohttp import web
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

# An assertion's longest life, and a token's usual one.
_LIFETIME = 3600
_SKEW = 10
# google-auth names Google's own endpoint as the audience, whatever token_uri the key has.
_GOOGLE = "https://oauth2.googleapis.com/token"
_GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"


class GrantError(Exception):
    """Why an assertion is refused, as error and error_description of RFC 6749."""

    def __init__(self, error: str, description: str) -> None:
        super().__init__(description)
        self.error = error


@dataclass(frozen=True)
class _Issued:
    email: str
    expires: float


def new_key() -> rsa.RSAPrivateKey:
    """Return a key of the kind that Google gives service accounts."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


class Tokens:
    """One service account: its key, and the access tokens that were issued for it.

    standing: a token that lasts as long as the sandbox, for clients that cannot ask for one.

    :param lifetime: wall seconds for which the others last.
    """

    def __init__(self, project: str, email: str, token_uri: str, lifetime: float = _LIFETIME) -> None:
        self._project, self._email, self._token_uri, self._lifetime = project, email, token_uri, lifetime
        self._key = new_key()
        self._key_id = secrets.token_hex(20)
        self._issued: dict[str, _Issued] = {}
        self.standing = f"ya29.sandbox-{secrets.token_urlsafe(40)}"

    def write_key(self, file: Path) -> None:
        """Write the key as Google's console gives it out; readable by its owner alone."""
        private = self._key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        content = {
            "type": "service_account",
            "project_id": self._project,
            "private_key_id": self._key_id,
            "private_key": private.decode(),
            "client_email": self._email,
            "client_id": "100000000000000000001",
            "auth_uri": "https://accounts.google.com/o/oauth2/auth",
            "token_uri": self._token_uri,
            "auth_provider_x509_cert_url": "https://www.googleapis.com/oauth2/v1/certs",
            "client_x509_cert_url": f"https://www.googleapis.com/robot/v1/metadata/x509/{self._email}",
            "universe_domain": "googleapis.com",
        }
        file.touch(mode=0o600)
        file.chmod(0o600)
        file.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")

    def identity(self, token: str) -> str | None:
        """Return the e-mail an access token stands for; None if it was never issued or has expired."""
        if secrets.compare_digest(token.encode(), self.standing.encode()):
            return self._email
        issued = self._issued.get(token)
        return issued.email if issued and issued.expires > time.time() else None

    def issue(self, assertion: str) -> dict:
        """Return the token endpoint's answer to a signed assertion.

        :raises GrantError: naming what is wrong with it.
        """
        claims = self._verified(assertion)
        now = time.time()
        if claims.get("iss") != self._email:
            raise GrantError("invalid_grant", "Invalid grant: account not found")
        if claims.get("aud") not in (self._token_uri, _GOOGLE):
            raise GrantError("invalid_grant", f"Invalid JWT: Failed audience check. {self._token_uri} is wanted.")
        if not _within(claims.get("exp"), now, now + _LIFETIME) or not _within(claims.get("iat"), now - _LIFETIME, now):
            raise GrantError(
                "invalid_grant",
                "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe. "
                "Check your iat and exp values in the JWT claim.",
            )
        if not claims.get("scope"):
            raise GrantError("invalid_scope", "Invalid OAuth scope or ID token audience provided.")
        self._issued = {token: issued for token, issued in self._issued.items() if issued.expires > now}
        token = f"ya29.sandbox-{secrets.token_urlsafe(40)}"
        self._issued[token] = _Issued(self._email, now + self._lifetime)
        return {"access_token": token, "expires_in": int(self._lifetime) - 1, "token_type": "Bearer"}

    def _verified(self, assertion: str) -> dict:
        try:
            head, payload, signature = assertion.split(".")
            header, claims = json.loads(_decoded(head)), json.loads(_decoded(payload))
            algorithm = header["alg"]
            self._key.public_key().verify(
                _decoded(signature), f"{head}.{payload}".encode(), padding.PKCS1v15(), hashes.SHA256()
            )
        except InvalidSignature:
            raise GrantError("invalid_grant", "Invalid JWT Signature.") from None
        except (ValueError, KeyError, TypeError, binascii.Error):
            raise GrantError("invalid_grant", "Invalid JWT: Failed to parse the assertion.") from None
        if algorithm != "RS256":
            raise GrantError("invalid_grant", f"Invalid JWT: RS256 is wanted, not {algorithm}.")
        return claims


def routes(tokens: Tokens) -> list[web.RouteDef]:
    """Return the token endpoint, relative to where it is mounted."""

    async def grant(request: web.Request) -> web.Response:
        form = await request.post()
        try:
            if form.get("grant_type") != _GRANT:
                raise GrantError("unsupported_grant_type", f"Invalid grant_type: {form.get('grant_type', '')}")
            return web.json_response(tokens.issue(str(form.get("assertion", ""))))
        except GrantError as refusal:
            return web.json_response({"error": refusal.error, "error_description": str(refusal)}, status=400)

    return [web.post("", grant)]


def _decoded(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


def _within(moment: object, low: float, high: float) -> bool:
    return isinstance(moment, int | float) and low - _SKEW <= moment <= high + _SKEW
