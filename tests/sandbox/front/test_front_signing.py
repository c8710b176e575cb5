"""What is signed, how it looks, and every refusal."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes

from tests.support.front_client import Client, Got
from ztctl.sandbox.front.signing import Certificates
from ztctl.sandbox.service import Sandbox

from .conftest import HOST, TEAM, Estate, Serve

ISSUER = f"https://{TEAM}"
KEY = ec.generate_private_key(ec.SECP256R1()).public_key()


def line(key: PublicKeyTypes = KEY) -> str:
    """A public key as one line."""
    form = serialization.PublicFormat.OpenSSH
    return key.public_bytes(serialization.Encoding.OpenSSH, form).decode() + "\n"


def token(client: Client, host: str = HOST) -> str:
    """An application token of whoever the client is."""
    return client.application_token(f"https://{host}").cookie("CF_Authorization")


def signed(client: Client, **changed: Any) -> Got:
    """The answer to a good request, but for what is changed."""
    fields = {"public_key": line(), "jwt": token(client), "issuer": ISSUER, **changed}
    return client.sign(TEAM, **fields)


def certificate(got: Got) -> serialization.SSHCertificate:
    """The certificate in an answer."""
    read = serialization.load_ssh_public_identity(got.json["certificate"].encode())
    assert isinstance(read, serialization.SSHCertificate)
    return read


def test_a_certificate_is_that_of_october_2026(served: Client, estate: Estate) -> None:
    """Four minutes, the e-mail as key id, its local part as principal, two extensions."""
    now = datetime.now(UTC)

    got = signed(served)

    made = certificate(got)
    made.verify_cert_signature()
    assert made.type is serialization.SSHCertificateType.USER
    assert (
        made.public_key().public_bytes(
            serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH
        )
        == line().strip().encode()
    )
    assert (made.key_id, made.valid_principals) == (b"jdoe@example.com", [b"jdoe"])
    assert made.extensions == {b"permit-port-forwarding": b"", b"permit-pty": b""}
    assert made.critical_options == {}
    assert abs(made.valid_after - (now.timestamp() - 60)) < 30
    assert made.valid_before - made.valid_after == 240
    assert line(made.signature_key()).strip() == estate.authority().rsplit(" ", 1)[0]
    assert got.json.keys() == {"id", "certificate", "expires_at"}
    ends = datetime.fromisoformat(got.json["expires_at"])
    assert ends.timestamp() == made.valid_before


def test_the_form_of_certificates_can_be_chosen(estate: Estate, serve: Serve, echoing: str) -> None:
    """Key id, principals, extensions and validity are as the sandbox was told."""
    estate.protect()
    estate.publish(echoing)
    form = Certificates(
        key_id=lambda email: f"id of {email}",
        principals=lambda email: (),
        extensions=("permit-pty", "permit-agent-forwarding"),
        since=timedelta(0),
        until=timedelta(seconds=10),
    )

    made = certificate(signed(serve(certificates=form)))

    assert (made.key_id, made.valid_principals) == (b"id of jdoe@example.com", [])
    assert made.extensions == {b"permit-agent-forwarding": b"", b"permit-pty": b""}
    assert made.valid_before - made.valid_after == 10


def test_an_application_without_authority_cannot_sign(
    estate: Estate, serve: Serve, echoing: str
) -> None:
    """Without a CA the answer is the service's own sentence, and no status in the body."""
    estate.protect(ca=False)
    estate.publish(echoing)

    got = signed(serve())

    assert (got.status, got.json) == (
        400,
        {"message": "Bad Request. Please create a ca for application."},
    )


def test_each_application_signs_with_its_own_authority(
    served: Client, estate: Estate, echoing: str
) -> None:
    """The token's audience decides whose key signs."""
    estate.protect("web.example.com")
    estate.publish(echoing, "web.example.com")

    made = certificate(signed(served, jwt=token(served, "web.example.com")))

    public = line(made.signature_key()).strip()
    assert public == estate.authority("web.example.com").rsplit(" ", 1)[0]
    assert public != estate.authority().rsplit(" ", 1)[0]


@pytest.mark.parametrize("issuer", ["https://other.cloudflareaccess.com", "http://127.0.0.1", ""])
def test_a_foreign_issuer_is_refused(served: Client, issuer: str) -> None:
    """An issuer that is not the team's domain answers 400 with the service's own sentence."""
    got = signed(served, issuer=issuer)

    assert (got.status, got.json["message"]) == (
        400,
        "Bad Request. Invalid issuer. Currently only cloudflareaccess subdomains are supported.",
    )


@pytest.mark.parametrize("wrong", ["", "a.b.c", "organisation", "changed"])
def test_a_wrong_token_gets_no_json(served: Client, wrong: str) -> None:
    """A token that is none, another kind or forged answers 401, and not in JSON."""
    good = token(served)
    made_up = {"organisation": served.organisation_token(), "changed": good[:-6] + "AAAAAA"}

    got = signed(served, jwt=made_up.get(wrong, wrong))

    assert (got.status, got.body[:1]) == (401, b"u")


def test_an_expired_token_gets_no_json(estate: Estate, serve: Serve, echoing: str) -> None:
    """A token whose session is over answers 401, and not in JSON."""
    estate.protect(session_duration="0s")
    estate.publish(echoing)
    client = serve()

    got = signed(client)

    assert (got.status, got.body[:1]) == (401, b"u")


def test_a_service_token_gets_no_certificate(estate: Estate, serve: Serve, echoing: str) -> None:
    """A token without e-mail answers 400."""
    service = estate.api.post("{A}/access/service_tokens", {"name": "ci"}).result
    include = [{"service_token": {"token_id": service["id"]}}]
    policy = estate.api.policy("ci", decision="non_identity", include=include)
    estate.protect(policies=[policy["id"]])
    estate.publish(echoing)
    client = serve(None)
    headers = {
        "cf-access-client-id": service["client_id"],
        "cf-access-client-secret": service["client_secret"],
    }
    entered = client.ask("GET", f"https://{HOST}", headers)

    got = client.sign(
        TEAM, public_key=line(), jwt=entered.cookie("CF_Authorization"), issuer=ISSUER
    )

    assert (got.status, "e-mail" in got.json["message"]) == (400, True)


@pytest.mark.parametrize(
    "key",
    [
        line(ec.generate_private_key(ec.SECP384R1()).public_key()),
        line(ed25519.Ed25519PrivateKey.generate().public_key()),
        line(rsa.generate_private_key(65537, 2048).public_key()),
        "ecdsa-sha2-nistp256 AAAA",
        "ecdsa-sha2-nistp256",
        "ssh-dss AAAAB3NzaC1kc3M=",
        "\ud800",
        "",
    ],
    ids=["p384", "ed25519", "rsa", "cut", "empty", "dss", "surrogate", "nothing"],
)
def test_only_p256_keys_are_signed(served: Client, key: str) -> None:
    """A key of another type, or none at all, answers 400."""
    got = signed(served, public_key=key)

    assert (got.status, "public_key" in got.json["message"]) == (400, True)


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[]", b"null", b"{}", b'{"public_key":1,"jwt":2,"issuer":3}', b"[" * 60000],
)
def test_a_body_that_is_none_is_refused(served: Client, body: bytes) -> None:
    """What is no JSON object of three strings answers 400 in the endpoint's own shape."""
    got = served.ask("POST", f"https://{TEAM}/cdn-cgi/access/cert_sign", body=body)

    assert (got.status, json.loads(got.body).keys()) == (400, {"message"})


def test_a_new_authority_signs_at_once(served: Client, estate: Estate, sandbox: Sandbox) -> None:
    """After the CA was deleted and made anew the new one signs."""
    old = estate.authority()
    path = f"{{A}}/access/apps/{estate.apps[HOST]['id']}/ca"
    estate.api.delete(path)
    estate.api.post(path)

    made = certificate(signed(served))

    assert line(made.signature_key()).strip() == estate.authority().rsplit(" ", 1)[0]
    assert estate.authority() != old
