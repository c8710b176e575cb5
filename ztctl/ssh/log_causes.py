"""What lines of logs mean: a pattern, what is wrong in words, and what to do about it.

The lines of sshd were recorded from OpenSSH 9.2 with each fault made for real (`tests/ssh`), those
of PerSourcePenalties and MaxStartups are from its source.

A pattern of sshd is matched where a message begins, never searched for: names of accounts and key
ids are chosen by whoever connects, and stand further on. What repeats in a pattern is bounded.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from ztctl.core.model.ssh_log import LogCause

VERBOSE: Final = "set `LogLevel VERBOSE` in sshd_config, reload, and let them log in again"
CHECK: Final = "on the server `sh install.sh check` tells which of them it is"


@dataclass(frozen=True, slots=True)
class LogRule:
    """A pattern of a line, and what it means.

    Attributes:
        needle: a text that every such line holds; looked for before the pattern is tried.
        words: what is wrong; ``{0}`` and so on are the groups of the pattern.
        begins: whether the line has to begin so; else the needle may stand anywhere.
    """

    id: str
    needle: str
    pattern: re.Pattern[str]
    words: str
    remedy: str
    begins: bool = True

    def cause(self, message: str) -> LogCause | None:
        """What a message says; ``None``: something else."""
        if self.needle not in message:
            return None
        found = self.pattern.match(message) if self.begins else self.pattern.search(message)
        if found is None:
            return None
        return LogCause(self.id, self.words.format(*found.groups()), self.remedy)


def rule(id_: str, pattern: str, words: str, remedy: str, needle: str = "") -> LogRule:
    """A rule for a message of sshd, or a line of ssh, that begins so."""
    literal = needle or re.split(r"[\\(\[.?*|]", pattern, maxsplit=1)[0]
    assert literal, f"the pattern of {id_} begins with no literal: name a needle"
    return LogRule(id_, literal, re.compile(pattern), words, remedy)


def anywhere(id_: str, text: str, words: str, remedy: str, needle: str = "") -> LogRule:
    """A rule for a text of cloudflared or ssh, which stands behind a time, a level and a field."""
    literal = needle or re.split(r"[(\[\\?*|]", text, maxsplit=1)[0]
    assert literal, f"the pattern of {id_} begins with no literal: name a needle"
    return LogRule(id_, literal, re.compile(text), words, remedy, begins=False)


_PRINCIPALS: Final = "Certificate does not contain an authorized principal"
UNTRUSTED: Final = "untrusted-ca"
NO_REASON: Final = "no-reason"
NOTHING_TAKEN: Final = "nothing-taken"
ANOTHER_KEY: Final = "another-key"

SSHD: Final[tuple[LogRule, ...]] = (
    rule(
        "not-a-principal",
        "Certificate invalid: name is not a listed principal",
        "the certificate does not name the account: the login name is not the part of the e-mail "
        "address before the @, in the same letters",
        "log in under that name (`User` in ssh_config, `ssh NAME@HOST`), or map the person to the "
        "account: ztctl ssh users",
    ),
    rule(
        "no-principals",
        "Certificate lacks principal list",
        "the certificate names no account at all",
        "have another one issued: no certificate of Access is like that",
    ),
    rule(
        "expired",
        "Certificate invalid: expired",
        "the certificate had ended: they last for minutes. Either an old one was used again, or "
        "the server's clock is ahead",
        "compare the clocks (`timedatectl` on the server); on the laptop run cloudflared access "
        "ssh-gen --hostname HOST again",
    ),
    rule(
        "not-yet-valid",
        "Certificate invalid: not yet valid",
        "the certificate begins later than the server's clock says: the clock is behind",
        "set the server's clock by NTP (`timedatectl set-ntp true`)",
    ),
    rule(
        "source-address",
        r"cert: Authentication tried for (\S+) with valid certificate but not from a permitted",
        "the certificate is only good from certain addresses, and through a connector everybody "
        "comes from the connector's",
        "certificates of Access carry no source-address: see who signed this one",
    ),
    rule(
        "refused-by-options",
        "Refused by certificate options",
        "options of the certificate forbid this login",
        "see what it carries: ssh-keygen -Lf CERTIFICATE",
    ),
    rule(
        "principals-unreadable",
        r"Could not open user '([^']*)' authorized principals '([^']*)': (.*?)(?: \[preauth\])?$",
        "the principals file {1} of {0} cannot be opened: {2}. sshd reads it as that account",
        "chmod 0644 the file and 0755 its folder, owner root",
    ),
    rule(
        "bad-modes",
        r"Authentication refused: bad ownership or modes for (file|directory) (\S+)",
        "sshd does not use the {0} {1}: somebody else than root or the account may write to it",
        "chown root, and chmod go-w on it and on the folders above it",
    ),
    rule(
        "not-in-principals-file",
        _PRINCIPALS,
        "the principals file, or command, of the account does not have this person: it is "
        "missing, lacks the name, or was not used",
        "add the part of the address before the @ to it, one a line: ztctl ssh users --map "
        "ACCOUNT=EMAIL",
    ),
    rule(
        "command-without-user",
        "No user for AuthorizedPrincipalsCommand specified, skipping",
        "AuthorizedPrincipalsCommand is not run: AuthorizedPrincipalsCommandUser is missing beside "
        "it, in the same Match block",
        "add `AuthorizedPrincipalsCommandUser nobody` there",
    ),
    rule(
        "unsafe-command",
        r'Unsafe AuthorizedPrincipalsCommand "([^"]*)": (.*?)(?: \[preauth\])?$',
        "AuthorizedPrincipalsCommand {0} is not run: {1}",
        "let it and the folders above it belong to root, and chmod go-w",
    ),
    rule(
        "no-command",
        r'Could not stat AuthorizedPrincipalsCommand "([^"]*)": (.*?)(?: \[preauth\])?$',
        "AuthorizedPrincipalsCommand {0} is not run: {1}",
        "put the program there, or take the setting out",
    ),
    rule(
        "no-account",
        r"Invalid user (.*) from (\S+) port (\d+)(?: \[preauth\])?$",
        "the server has no account {0}",
        "make it: ztctl ssh users writes the file for `sh install.sh --users FILE`",
        "Invalid user ",
    ),
    rule(
        "locked",
        r"User (\S+) not allowed because account is locked",
        "the account {0} is locked: its password field begins with !, and without PAM sshd minds",
        "usermod -p '*' ACCOUNT: no password, and not locked",
        "User ",
    ),
    rule(
        "no-shell",
        r"User (\S+) not allowed because shell (\S+) (?:does not exist|is not executable)",
        "the shell {1} of {0} does not exist or does not run",
        "usermod -s /bin/bash ACCOUNT",
        "User ",
    ),
    rule(
        "allow-users",
        r"User (\S+) (?:from \S+ )?not allowed because not listed in AllowUsers",
        "AllowUsers of the server does not list {0}",
        "add the account to AllowUsers; drop-ins add to the list, they do not replace it",
        "User ",
    ),
    rule(
        "deny-users",
        r"User (\S+) (?:from \S+ )?not allowed because listed in DenyUsers",
        "DenyUsers of the server lists {0}",
        "take the account out of DenyUsers",
        "User ",
    ),
    rule(
        "allow-groups",
        r"User (\S+) (?:from \S+ )?not allowed because (?:none of user's groups are listed|"
        r"not in any group|a group is listed|group)",
        "AllowGroups or DenyGroups of the server shuts {0} out",
        "usermod -aG a listed group, or change the list",
        "User ",
    ),
    rule(
        "not-allowed",
        r"User (\S+) (?:from \S+ )?not allowed because (.*?)(?: \[preauth\])?$",
        "the server does not let {0} in: {1}",
        "see the account and AllowUsers, DenyUsers, AllowGroups: sshd -T -C user=NAME",
        "User ",
    ),
    rule(
        "account-expired",
        r"(?:fatal: )?Access denied for user (\S+) by PAM account configuration",
        "PAM does not let {0} in: the account has expired, or a rule such as pam_access says so",
        "chage -l the account; chage -E -1 takes an end away",
        "Access denied for user ",
    ),
    rule(
        "root-refused",
        "ROOT LOGIN REFUSED",
        "root may not log in here (PermitRootLogin no)",
        "log in as yourself and use sudo",
    ),
    rule(
        "ca-algorithms",
        r"userauth_pubkey: certificate signature algorithm (\S+): signature algorithm not supp",
        "the server takes no certificate that a CA signed by {0} (CASignatureAlgorithms)",
        "let CASignatureAlgorithms hold ecdsa-sha2-nistp256, by which Access signs",
    ),
    rule(
        "key-algorithms",
        r"userauth_pubkey: (?:signature algorithm|key type) (\S+-cert-v01@openssh\.com) not in "
        r"Pubkey",
        "the server takes no certificates of the type {0} (PubkeyAcceptedAlgorithms)",
        "let PubkeyAcceptedAlgorithms hold ecdsa-sha2-nistp256-cert-v01@openssh.com",
        "userauth_pubkey: ",
    ),
    rule(
        "revoked",
        r"Authentication key (?:\S+) (SHA256:\S+) revoked by file (\S+)",
        "the key or its CA is revoked: {1} lists it",
        "on the laptop delete ~/.cloudflared/HOST-cf_key*, so that a new key is made; a retired CA "
        "stays in the list",
    ),
    rule(
        "revoked-file",
        r"Error checking authentication key .* in revoked keys file (\S+): (.*?)(?: \[preauth\])?$",
        "nobody gets in by key: the RevokedKeys file {0} cannot be read: {1}",
        "make the file, empty if need be: install -m 644 /dev/null FILE",
        "Error checking authentication key ",
    ),
    rule(
        "penalties",
        r"(?:drop connection #\d+ from \S+ on \S+ penalty: |penalty: )",
        "sshd keeps the address out for a while after failures (PerSourcePenalties), and through a "
        "connector everybody has that address",
        "PerSourcePenaltyExemptList 127.0.0.1,::1, from OpenSSH 9.8 on",
        "penalty: ",
    ),
    rule(
        "too-many-startups",
        r"(?:error: )?(?:beginning MaxStartups throttling|drop connection #\d+ from \S+ on \S+ "
        r"past MaxStartups)",
        "more logins at once than MaxStartups allows, and all of them come from the connector",
        "raise MaxStartups and PerSourceMaxStartups",
        "MaxStartups",
    ),
    rule(
        "too-many-failures",
        r"(?:error: )?maximum authentication attempts exceeded for (?:invalid user )?(\S+) from",
        "the client tried more keys than MaxAuthTries allows before the certificate",
        "IdentitiesOnly yes in the client's block",
        "maximum authentication attempts exceeded",
    ),
    rule(
        "extra-arguments",
        r".{0,300}keyword (\S+) extra arguments at end of line",
        "sshd does not start: {0} takes one value a line",
        "one file, with one CA key a line in it",
        "extra arguments at end of line",
    ),
    rule(
        "methods",
        "AuthenticationMethods cannot be satisfied by enabled authentication methods",
        "sshd does not start: AuthenticationMethods asks for a method that is switched off",
        "AuthenticationMethods publickey, or switch the other one on",
    ),
    rule(
        "command-without-user-global",
        "AuthorizedPrincipalsCommand set without AuthorizedPrincipalsCommandUser",
        "sshd does not start: AuthorizedPrincipalsCommandUser is missing",
        "add `AuthorizedPrincipalsCommandUser nobody`",
    ),
    rule(
        "bad-setting",
        r".{0,300}(?:Bad configuration option: (\S+)|terminating, \d+ bad configuration)",
        "sshd does not start: it does not know a setting, or its value",
        "sshd -t names file and line",
        "bad configuration",
    ),
)
