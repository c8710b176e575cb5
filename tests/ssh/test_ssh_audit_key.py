"""Key pairs for logs of SSH commands: read by what others specify, and never mistaken."""

from __future__ import annotations

import base64
import pickle
from binascii import Error

import pytest
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite
from hypothesis import given
from hypothesis import strategies as st

from tests.support.hpke import context, read_log, receiver, sample_log
from ztctl.kinds.ssh_audit_key import SshAuditKeyFields
from ztctl.ssh.audit_key import entry_of, new_pair

seeds = st.binary(min_size=32, max_size=32)


def test_the_reader_is_that_of_the_standard() -> None:
    """The decryption of these tests gives what RFC 9180, A.2.1, says."""
    side = receiver(
        bytes.fromhex("8057991eef8f1f1af18f4a9491d16a1ce333f695d4db8e38da75975c4478e0fb"),
        bytes.fromhex("1afa08d3dec047a643885163f1180476fa7ddb54c6a8029ea33f95796bf2ac4a"),
        bytes.fromhex("4f6465206f6e2061204772656369616e2055726e"),
    )
    sealed = bytes.fromhex(
        "1c5250d8034ec2b784ba2cfd69dbdb8af406cfe3ff938e131f0def8c8b60b4db21993c62ce81883d2dd1b51a28"
    )

    assert side.open(sealed, bytes.fromhex("436f756e742d30")) == b"Beauty is truth, truth beauty"


def test_a_log_is_read_with_the_private_half() -> None:
    """What the service encrypts to the public half is read with the file, and with no other."""
    pair = new_pair()
    packets = (b"ls -l\n", b"x" * 70_000, b"exit\n")

    log = sample_log(pair.public, *packets)

    assert read_log(log, pair.private.reveal().encode()) == [*packets]
    with pytest.raises(Exception, match=r"^$"):
        read_log(log, new_pair().private.reveal().encode())


def test_a_line_break_would_make_the_file_useless() -> None:
    """The file holds the key and nothing else, because its reader takes nothing else."""
    pair = new_pair()

    assert len(pair.private.reveal()) == 44
    with pytest.raises(Error):
        read_log(sample_log(pair.public, b"x"), f"{pair.private.reveal()}\n".encode())


def test_another_implementation_takes_the_halves() -> None:
    """The HPKE of the cryptography package opens what was sealed to the public half."""
    from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey

    pair = new_pair()
    suite = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.CHACHA20_POLY1305)
    public = X25519PublicKey.from_public_bytes(base64.b64decode(pair.public))
    private = base64.b64decode(pair.private.reveal())

    sealed = suite.encrypt(b"whoami", public)

    assert suite.decrypt(sealed, X25519PrivateKey.from_private_bytes(private)) == b"whoami"
    assert receiver(private, sealed[:32]).open(sealed[32:]) == b"whoami"


@given(seed=seeds)
def test_one_half_is_never_taken_for_the_other(seed: bytes) -> None:
    """Whatever chance gives: a file takes the public half, and never the private one."""
    pair = new_pair(lambda length: seed)

    assert SshAuditKeyFields(public_key=pair.public).public_key == pair.public
    with pytest.raises(ValueError, match="this is a private key"):
        SshAuditKeyFields(public_key=pair.private.reveal())


def test_the_private_half_shows_itself_nowhere() -> None:
    """No rendering of a pair, and not what goes into the YAML file, holds it."""
    pair = new_pair()
    hidden = pair.private.reveal()

    assert hidden not in f"{pair} {pair!r} {entry_of(pair)} {vars(type(pair))}"
    with pytest.raises(TypeError):
        pickle.dumps(pair)


def test_two_pairs_are_two() -> None:
    """Each key pair is of its own chance."""
    assert new_pair().public != new_pair().public


def test_contexts_count() -> None:
    """The second message is sealed otherwise than the first."""
    side = context(bytes(32), bytes(32), bytes(32))

    assert side.seal(b"x") != side.seal(b"x")
