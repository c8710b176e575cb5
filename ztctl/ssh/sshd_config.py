"""Settings of sshd by which it takes certificates of Access.

Tried out with OpenSSH 9.2: each profile lets a certificate log in. What an older version does not
know, or calls otherwise, `install.sh` leaves out or renames on the server, whose version is not
known here.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

CA_FILE: Final = "/etc/ssh/ztctl_ca.pub"
_CERTIFICATE: Final = "ecdsa-sha2-nistp256-cert-v01@openssh.com"
_PLAIN_KEYS: Final = (
    "ssh-ed25519,ecdsa-sha2-nistp256,ecdsa-sha2-nistp384,ecdsa-sha2-nistp521,"
    "rsa-sha2-512,rsa-sha2-256"
)
# What comes through a connector on the server itself comes from here: with the penalties of
# OpenSSH 9.8 the failures of one user would shut out all.
_EXEMPT: Final = "PerSourcePenaltyExemptList 127.0.0.1,::1"

_MINIMAL: Final = f"""\
PubkeyAuthentication yes
TrustedUserCAKeys {CA_FILE}
{_EXEMPT}
"""

# LogLevel VERBOSE: at the default one sshd does not log which CA it refused.
_HARDENED: Final = f"""\
PubkeyAuthentication yes
TrustedUserCAKeys {CA_FILE}
AuthenticationMethods publickey
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin no
AuthorizedKeysFile none
CASignatureAlgorithms ecdsa-sha2-nistp256
PubkeyAcceptedAlgorithms {_CERTIFICATE}
AllowAgentForwarding no
AllowTcpForwarding no
AllowStreamLocalForwarding no
X11Forwarding no
PermitTunnel no
PermitUserRC no
MaxAuthTries 3
LoginGraceTime 30
ClientAliveInterval 60
ClientAliveCountMax 3
ExposeAuthInfo yes
LogLevel VERBOSE
{_EXEMPT}
"""

_BREAK_GLASS: Final = f"""\

# The way in while Cloudflare or the tunnel is away: by keys of its own.
Match User {{account}}
    AuthorizedKeysFile .ssh/authorized_keys
    PubkeyAcceptedAlgorithms {_PLAIN_KEYS},{_CERTIFICATE}
"""

CAUTIONS: Final = (
    (
        "While Cloudflare or the tunnel is away nobody logs in but on the console: passwords and "
        "authorized_keys end. Keep a session open until you have logged in anew."
    ),
    "Other CAs than Access end where they are not ECDSA P-256, and deploy keys end.",
    "Forwarding ends: no ProxyJump through this server, no remote editing that needs it.",
    "Logins as root end.",
)


class Profile(StrEnum):
    """How much of sshd the settings decide."""

    minimal = "minimal"
    hardened = "hardened"


def sshd_settings(profile: Profile, break_glass: str = "") -> str:
    """The settings of a profile, for a file that sshd reads before its own.

    Args:
        profile: with ``hardened`` certificates are the only way in.
        break_glass: an account that under ``hardened`` logs in by its ``authorized_keys``, too.
    """
    if profile is Profile.minimal:
        return _MINIMAL
    return _HARDENED + (_BREAK_GLASS.format(account=break_glass) if break_glass else "")
