"""Signing of short-lived SSH certificates: `POST /cdn-cgi/access/cert_sign` on the team domain.

Source: request, answer and the decoding of errors from cloudflared 2026.8.2. Recorded (reports of
users): certificates valid from one minute before to three after signing, the e-mail as key id, its
local part as the only principal, permit-port-forwarding and permit-pty; the wording of the answers
to a missing CA and to a foreign issuer, both without `status`; an answer that is not JSON to a
rejected token. Unrecorded: the statuses, the wording of the other refusals, that the case of the
local part is kept, the serial, that `id` is the key id.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from ztctl.sandbox.front.account import Account
from ztctl.sandbox.front.jwts import BadTokenError
from ztctl.sandbox.front.pages import Page, json_page, plain_page
from ztctl.sandbox.messages import Object

NO_CA = "Bad Request. Please create a ca for application."
WRONG_ISSUER = (
    "Bad Request. Invalid issuer. Currently only cloudflareaccess subdomains are supported."
)
EXTENSIONS = ("permit-port-forwarding", "permit-pty")


def the_email(email: str) -> str:
    """The e-mail address itself: the key id of current certificates."""
    return email


def local_part(email: str) -> tuple[str, ...]:
    """The part before the @, in a tuple: the principals of current certificates."""
    return (email.rpartition("@")[0],)


@dataclass(frozen=True, slots=True)
class Certificates:
    """The form of certificates; the defaults are those of October 2026.

    `key_id` and `principals` are computed from the e-mail address; `since` and `until` are
    relative to the moment of signing.
    """

    key_id: Callable[[str], str] = the_email
    principals: Callable[[str], tuple[str, ...]] = local_part
    extensions: tuple[str, ...] = EXTENSIONS
    since: timedelta = timedelta(minutes=-1)
    until: timedelta = timedelta(minutes=3)


TODAY = Certificates()


class _RefusalError(Exception):
    """Aborts signing; `page` is the response."""

    def __init__(self, page: Page) -> None:
        super().__init__(page.status)
        self.page = page


def answered(account: Account, form: Certificates, body: bytes) -> Page:
    """Answer one signing request; no content of it makes this raise."""
    try:
        return json_page(200, _signed(account, form, body))
    except _RefusalError as refusal:
        return refusal.page


def _signed(account: Account, form: Certificates, body: bytes) -> Object:
    fields = _read(body)
    if fields["issuer"] != f"https://{account.team}":
        raise _bad(WRONG_ISSUER)
    claims = _claims(account, fields["jwt"])
    authority = account.authority(account.app_of(claims["aud"][0]))
    if authority is None:
        raise _bad(NO_CA)
    email = str(claims.get("email", ""))
    if "@" not in email:
        raise _bad("Bad Request. The token holds no e-mail address.")
    return _certificate(account, form, authority, email, _key(fields["public_key"]))


def _read(body: bytes) -> dict[str, str]:
    try:
        given = json.loads(body)
        fields = {name: given[name] for name in ("public_key", "jwt", "issuer")}
    except (ValueError, RecursionError, KeyError, TypeError) as error:
        raise _bad("Bad Request. public_key, jwt and issuer are required.") from error
    if not all(isinstance(value, str) for value in fields.values()):
        raise _bad("Bad Request. public_key, jwt and issuer must be strings.")
    return fields


def _claims(account: Account, token: str) -> Object:
    try:
        return account.signer.checked(token, account.now(), "app")
    except BadTokenError as error:
        raise _RefusalError(plain_page(401, f"unauthorized: {error}")) from error


def _key(line: str) -> ec.EllipticCurvePublicKey:
    try:
        key = serialization.load_ssh_public_key(line.encode())
    except (ValueError, UnsupportedAlgorithm) as error:
        raise _bad("Bad Request. public_key is not a public key.") from error
    if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, ec.SECP256R1):
        raise _bad("Bad Request. public_key is not an ecdsa-sha2-nistp256 key.")
    return key


def _certificate(
    account: Account,
    form: Certificates,
    authority: Object,
    email: str,
    key: ec.EllipticCurvePublicKey,
) -> Object:
    now, key_id, principals = account.now(), form.key_id(email), form.principals(email)
    builder = (
        serialization.SSHCertificateBuilder()
        .public_key(key)
        .serial(int(account.fresh(16), 16))
        .type(serialization.SSHCertificateType.USER)
        .key_id(key_id.encode())
        .valid_after(int((now + form.since).timestamp()))
        .valid_before(int((now + form.until).timestamp()))
    )
    if principals:
        builder = builder.valid_principals([one.encode() for one in principals])
    else:
        builder = builder.valid_for_all_principals()  # type: ignore[no-untyped-call]
    for extension in form.extensions:
        builder = builder.add_extension(extension.encode(), b"")
    if authority["private_key"] is None:
        wording = "The sandbox does not know the CA's private key: the account was imported."
        raise _RefusalError(json_page(500, {"message": wording}))
    private = serialization.load_pem_private_key(authority["private_key"].encode(), None)
    if not isinstance(private, ec.EllipticCurvePrivateKey):
        raise TypeError("a certificate authority is a P-256 key")
    line = builder.sign(private).public_bytes().decode()
    return {"id": key_id, "certificate": line, "expires_at": _instant(now + form.until)}


def _instant(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _bad(message: str) -> _RefusalError:
    return _RefusalError(json_page(400, {"message": message}))
