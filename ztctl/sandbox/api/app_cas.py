"""Short-lived-certificate CAs of applications, with real keys.

Source: object shape from recorded fixtures (`id` 48 hex, `aud` the application's, one line
`ecdsa-sha2-nistp256 … open-ssh-ca@cloudflareaccess.org`); paths and status codes (POST 200, DELETE
202) from the Cloudflare OpenAPI description, July 2026. Unrecorded: 409 without a new key when a CA
exists, the code of the 404, that the CA is deleted with its application, that an infrastructure
application cannot have one. Certificates are signed by `ztctl.sandbox.front.signing`.
"""

from __future__ import annotations

from ztctl.sandbox.api.apps import ONE as APP
from ztctl.sandbox.api.apps import PATH as APPLICATIONS
from ztctl.sandbox.api.apps import found_app
from ztctl.sandbox.api.infrastructure_apps import is_infrastructure
from ztctl.sandbox.api.lookups import found
from ztctl.sandbox.call import Call
from ztctl.sandbox.errors import Refusal, conflict, invalid
from ztctl.sandbox.ids import Entropy
from ztctl.sandbox.messages import Object, Reply
from ztctl.sandbox.paging import PAGING, Sizes, paged
from ztctl.sandbox.permissions import APPS
from ztctl.sandbox.routing import Family, Route

COMMENT = "open-ssh-ca@cloudflareaccess.org"
SIZES = Sizes(100)
UNKNOWN = Refusal(404, 12135, "access.api.error.not_found")

# The order of the group of P-256: a private key is a number below it (FIPS 186-5).
ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


def _list(call: Call) -> Reply:
    return paged(call, call.store.all("app_ca"), SIZES, "app_ca", _shown)


def _create(call: Call) -> Reply:
    app = found_app(call)
    if is_infrastructure(app):
        raise invalid("infrastructure applications use the certificate authority of the account")
    if call.store.get("app_ca", app["id"]) is not None:
        raise conflict("the application already has a certificate authority")
    private, public = key_pair(call.state.entropy)
    authority = {
        "id": call.state.hex(48),
        "aud": app["aud"],
        "public_key": f"{public} {COMMENT}",
        "private_key": private,
    }
    call.store.put("app_ca", app["id"], authority)
    return Reply(_shown(authority), kind="app_ca")


def _get(call: Call) -> Reply:
    return Reply(_shown(_found(call)), kind="app_ca")


def _delete(call: Call) -> Reply:
    authority = _found(call)
    call.store.remove("app_ca", call.params["app_id"])
    return Reply({"id": authority["id"]}, 202)


def key_pair(entropy: Entropy) -> tuple[str, str]:
    """A new ECDSA P-256 key: private key as PKCS 8 PEM, public key as an OpenSSH line."""
    # Importing cryptography takes longer than the rest of the sandbox; few requests need it.
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    number = int.from_bytes(entropy(40)) % (ORDER - 1) + 1
    private = ec.derive_private_key(number, ec.SECP256R1())
    secret = private.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    public = private.public_key().public_bytes(
        serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH
    )
    return secret.decode(), public.decode()


def _found(call: Call) -> Object:
    found_app(call)
    return found(call, "app_ca", "app_id", UNKNOWN)


def _shown(authority: Object) -> Object:
    return {name: authority[name] for name in ("id", "aud", "public_key")}


FAMILY = Family(
    (
        Route("GET", APPLICATIONS + "/ca", _list, APPS, PAGING),
        Route("GET", APP + "/ca", _get, APPS),
        Route("POST", APP + "/ca", _create, APPS, write=True),
        Route("DELETE", APP + "/ca", _delete, APPS, write=True),
    )
)
