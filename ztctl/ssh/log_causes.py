"""What lines of logs mean: a pattern, what is wrong in words, and what to do about it.

The lines of sshd were recorded from OpenSSH 9.2 with each fault made for real (`tests/ssh`), those
of PerSourcePenalties are from OpenSSH's own documentation. The lines of cloudflared are from its
source and from runs of 2026.8.2; those that only its users have reported are marked *reported*.

A pattern of sshd is matched where a message begins, never searched for: names of accounts and key
ids are chosen by whoever connects, and stand further on. What repeats in a pattern is bounded.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from ztctl.core.model.ssh_log import LogCause, LogKind

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


def _rule(id_: str, pattern: str, words: str, remedy: str, needle: str = "") -> LogRule:
    literal = needle or re.split(r"[\\(\[.?*|]", pattern, maxsplit=1)[0]
    assert literal, f"the pattern of {id_} begins with no literal: name a needle"
    return LogRule(id_, literal, re.compile(pattern), words, remedy)


def _anywhere(id_: str, text: str, words: str, remedy: str, needle: str = "") -> LogRule:
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
    _rule(
        "not-a-principal",
        "Certificate invalid: name is not a listed principal",
        "the certificate does not name the account: the login name is not the part of the e-mail "
        "address before the @, in the same letters",
        "log in under that name (`User` in ssh_config, `ssh NAME@HOST`), or map the person to the "
        "account: ztctl ssh users",
    ),
    _rule(
        "no-principals",
        "Certificate lacks principal list",
        "the certificate names no account at all",
        "have another one issued: no certificate of Access is like that",
    ),
    _rule(
        "expired",
        "Certificate invalid: expired",
        "the certificate had ended: they last for minutes. Either an old one was used again, or "
        "the server's clock is ahead",
        "compare the clocks (`timedatectl` on the server); on the laptop run cloudflared access "
        "ssh-gen --hostname HOST again",
    ),
    _rule(
        "not-yet-valid",
        "Certificate invalid: not yet valid",
        "the certificate begins later than the server's clock says: the clock is behind",
        "set the server's clock by NTP (`timedatectl set-ntp true`)",
    ),
    _rule(
        "source-address",
        r"cert: Authentication tried for (\S+) with valid certificate but not from a permitted",
        "the certificate is only good from certain addresses, and through a connector everybody "
        "comes from the connector's",
        "certificates of Access carry no source-address: see who signed this one",
    ),
    _rule(
        "refused-by-options",
        "Refused by certificate options",
        "options of the certificate forbid this login",
        "see what it carries: ssh-keygen -Lf CERTIFICATE",
    ),
    _rule(
        "principals-unreadable",
        r"Could not open user '([^']*)' authorized principals '([^']*)': (.*?)(?: \[preauth\])?$",
        "the principals file {1} of {0} cannot be opened: {2}. sshd reads it as that account",
        "chmod 0644 the file and 0755 its folder, owner root",
    ),
    _rule(
        "bad-modes",
        r"Authentication refused: bad ownership or modes for (file|directory) (\S+)",
        "sshd does not use the {0} {1}: somebody else than root or the account may write to it",
        "chown root, and chmod go-w on it and on the folders above it",
    ),
    _rule(
        "not-in-principals-file",
        _PRINCIPALS,
        "the principals file, or command, of the account does not have this person: it is "
        "missing, lacks the name, or was not used",
        "add the part of the address before the @ to it, one a line: ztctl ssh users --map "
        "ACCOUNT=EMAIL",
    ),
    _rule(
        "command-without-user",
        "No user for AuthorizedPrincipalsCommand specified, skipping",
        "AuthorizedPrincipalsCommand is not run: AuthorizedPrincipalsCommandUser is missing beside "
        "it, in the same Match block",
        "add `AuthorizedPrincipalsCommandUser nobody` there",
    ),
    _rule(
        "unsafe-command",
        r'Unsafe AuthorizedPrincipalsCommand "([^"]*)": (.*?)(?: \[preauth\])?$',
        "AuthorizedPrincipalsCommand {0} is not run: {1}",
        "let it and the folders above it belong to root, and chmod go-w",
    ),
    _rule(
        "no-command",
        r'Could not stat AuthorizedPrincipalsCommand "([^"]*)": (.*?)(?: \[preauth\])?$',
        "AuthorizedPrincipalsCommand {0} is not run: {1}",
        "put the program there, or take the setting out",
    ),
    _rule(
        "no-account",
        r"Invalid user (.*) from (\S+) port (\d+)(?: \[preauth\])?$",
        "the server has no account {0}",
        "make it: ztctl ssh users writes the file for `sh install.sh --users FILE`",
        "Invalid user ",
    ),
    _rule(
        "locked",
        r"User (\S+) not allowed because account is locked",
        "the account {0} is locked: its password field begins with !, and without PAM sshd minds",
        "usermod -p '*' ACCOUNT: no password, and not locked",
        "User ",
    ),
    _rule(
        "no-shell",
        r"User (\S+) not allowed because shell (\S+) (?:does not exist|is not executable)",
        "the shell {1} of {0} does not exist or does not run",
        "usermod -s /bin/bash the account",
        "User ",
    ),
    _rule(
        "allow-users",
        r"User (\S+) (?:from \S+ )?not allowed because not listed in AllowUsers",
        "AllowUsers of the server does not list {0}",
        "add the account to AllowUsers; drop-ins add to the list, they do not replace it",
        "User ",
    ),
    _rule(
        "deny-users",
        r"User (\S+) (?:from \S+ )?not allowed because listed in DenyUsers",
        "DenyUsers of the server lists {0}",
        "take the account out of DenyUsers",
        "User ",
    ),
    _rule(
        "allow-groups",
        r"User (\S+) (?:from \S+ )?not allowed because (?:none of user's groups are listed|"
        r"not in any group|a group is listed|group)",
        "AllowGroups or DenyGroups of the server shuts {0} out",
        "usermod -aG a listed group, or change the list",
        "User ",
    ),
    _rule(
        "not-allowed",
        r"User (\S+) (?:from \S+ )?not allowed because (.*?)(?: \[preauth\])?$",
        "the server does not let {0} in: {1}",
        "see the account and AllowUsers, DenyUsers, AllowGroups: sshd -T -C user=NAME",
        "User ",
    ),
    _rule(
        "account-expired",
        r"(?:fatal: )?Access denied for user (\S+) by PAM account configuration",
        "PAM does not let {0} in: the account has expired, or a rule such as pam_access says so",
        "chage -l the account; chage -E -1 takes an end away",
        "Access denied for user ",
    ),
    _rule(
        "root-refused",
        "ROOT LOGIN REFUSED",
        "root may not log in here (PermitRootLogin no)",
        "log in as yourself and use sudo",
    ),
    _rule(
        "ca-algorithms",
        r"userauth_pubkey: certificate signature algorithm (\S+): signature algorithm not supp",
        "the server takes no certificate that a CA signed by {0} (CASignatureAlgorithms)",
        "let CASignatureAlgorithms hold ecdsa-sha2-nistp256, by which Access signs",
    ),
    _rule(
        "key-algorithms",
        r"userauth_pubkey: (?:signature algorithm|key type) (\S+-cert-v01@openssh\.com) not in "
        r"Pubkey",
        "the server takes no certificates of the type {0} (PubkeyAcceptedAlgorithms)",
        "let PubkeyAcceptedAlgorithms hold ecdsa-sha2-nistp256-cert-v01@openssh.com",
        "userauth_pubkey: ",
    ),
    _rule(
        "revoked",
        r"Authentication key (?:\S+) (SHA256:\S+) revoked by file (\S+)",
        "the key or its CA is revoked: {1} lists it",
        "on the laptop delete ~/.cloudflared/HOST-cf_key*, so that a new key is made; a retired CA "
        "stays in the list",
    ),
    _rule(
        "revoked-file",
        r"Error checking authentication key .* in revoked keys file (\S+): (.*?)(?: \[preauth\])?$",
        "nobody gets in by key: the RevokedKeys file {0} cannot be read: {1}",
        "make the file, empty if need be: install -m 644 /dev/null FILE",
        "Error checking authentication key ",
    ),
    _rule(
        "penalties",
        r"(?:drop connection #\d+ from \S+ on \S+ penalty: |penalty: )",
        "sshd keeps the address out for a while after failures (PerSourcePenalties), and through a "
        "connector everybody has that address",
        "PerSourcePenaltyExemptList 127.0.0.1,::1, from OpenSSH 9.8 on",
        "penalty: ",
    ),
    _rule(
        "too-many-startups",
        r"(?:error: )?(?:beginning MaxStartups throttling|drop connection #\d+ from \S+ on \S+ "
        r"past MaxStartups)",
        "more logins at once than MaxStartups allows, and all of them come from the connector",
        "raise MaxStartups and PerSourceMaxStartups",
        "MaxStartups",
    ),
    _rule(
        "too-many-failures",
        r"(?:error: )?maximum authentication attempts exceeded for (?:invalid user )?(\S+) from",
        "the client tried more keys than MaxAuthTries allows before the certificate",
        "IdentitiesOnly yes in the client's block",
        "maximum authentication attempts exceeded",
    ),
    _rule(
        "extra-arguments",
        r".{0,300}keyword (\S+) extra arguments at end of line",
        "sshd does not start: {0} takes one value a line",
        "one file, with one CA key a line in it",
        "extra arguments at end of line",
    ),
    _rule(
        "methods",
        "AuthenticationMethods cannot be satisfied by enabled authentication methods",
        "sshd does not start: AuthenticationMethods asks for a method that is switched off",
        "AuthenticationMethods publickey, or switch the other one on",
    ),
    _rule(
        "command-without-user-global",
        "AuthorizedPrincipalsCommand set without AuthorizedPrincipalsCommandUser",
        "sshd does not start: AuthorizedPrincipalsCommandUser is missing",
        "add `AuthorizedPrincipalsCommandUser nobody`",
    ),
    _rule(
        "bad-setting",
        r".{0,300}(?:Bad configuration option: (\S+)|terminating, \d+ bad configuration)",
        "sshd does not start: it does not know a setting, or its value",
        "sshd -t names file and line",
        "bad configuration",
    ),
)
# What both halves of a line that is told twice mean: the first says why.
FOLLOWS: Final = {
    "not-in-principals-file": {
        "principals-unreadable",
        "bad-modes",
        "command-without-user",
        "unsafe-command",
        "no-command",
    },
    "refused-by-options": {"source-address"},
    "bad-setting": {"extra-arguments"},
    "handshake": {"no-ca", "no-access-application", "clock", "tls"},
    "closed-early": {
        *("handshake", "no-access-application", "no-ca", "clock", "tls", "no-such-host"),
        *("cloudflared-missing", "bad-issuer", "stale-token", "refused-by-policy"),
    },
    "denied": {"no-ca", "bad-issuer", "stale-token", "clock", "open-key"},
    "not-resolved": {"no-ca", "bad-issuer", "stale-token", "no-access-application"},
    "origin-unreachable": {"origin-refused", "origin-silent", "origin-unresolved"},
}

# What cloudflared says where the client runs: its messages stand in the output of `ssh -v`.
ACCESS: Final[tuple[LogRule, ...]] = (
    _anywhere(
        "no-ca",
        r"Please create a ca for application",
        "the Access application has no CA, so that no certificate can be signed",
        "declare it below `ca_keys` and apply, or leave `ca_key` of the host true",
    ),
    _anywhere(
        "bad-issuer",
        r"Invalid issuer",
        "the login came from a domain of your own, and certificates are signed only for a team "
        "domain that ends in cloudflareaccess.com",
        "use the team's own domain",
    ),
    _anywhere(
        "stale-token",
        r"invalid character 'u' looking for beginning of value",
        "the stored login is stale",
        "delete *-token, *-org-token and *-jwks in ~/.cloudflared, and log in again",
    ),
    _anywhere(
        "clock",
        r"metadata JWT is (?:more than|older than)",
        "the clock of this machine is wrong",
        "set it by NTP",
    ),
    _anywhere(
        "no-access-application",
        r"failed to find Access application at (\S{1,300})",
        "no Access application answers at {0}: there is none, the name leads elsewhere, or a proxy "
        "takes its headers away",
        "ztctl who HOST, and ztctl ssh check HOST",
    ),
    _anywhere(
        "application-gone",
        r"Unable to find your Access application",
        "the application is not there any more: it was deleted or made anew while a login was kept",
        "delete *-token, *-org-token and *-jwks in ~/.cloudflared, and log in again",
    ),
    _anywhere(
        "handshake",
        r"websocket: bad handshake",
        "Cloudflare did not open the way to the server: the tunnel has no connector, the server's "
        "port is closed, the bastion was given no --destination, WebSockets are off in the zone, "
        "or something stands before the name (WAF, Worker, another application)",
        "ztctl ssh check HOST goes through them",
    ),
    _anywhere(
        "tls",
        r"tls: handshake failure",
        "no certificate of the zone covers this name: names two levels below the zone have none",
        "a name one level below the zone, or an advanced certificate",
    ),
    _anywhere(
        "no-such-host",
        r"(?:dial tcp: )?lookup (\S{1,300}?):? .{0,200}no such host",
        "the name {0} is not in the DNS",
        "ztctl plan shows whether its record is missing; a negative answer is kept for a while",
        "no such host",
    ),
    _anywhere(
        "grey-cloud",
        r"fd10:aec2:5dae:",
        "the record of the name is not proxied, and leads to an address that nobody reaches",
        "`proxied: true` on the record, the default",
    ),
    _anywhere(
        "error-1033",
        r"(?:error code: |Error )1033",
        "the tunnel has no connector that runs, or the record leads to a tunnel of another account",
        "start cloudflared on the server: ztctl ssh guide HOST",
        "1033",
    ),
    _anywhere(
        "error-1016",
        r"(?:error code: |Error )1016",
        "the record leads to a tunnel that is not there any more",
        "ztctl plan shows what the record should be",
        "1016",
    ),
    _anywhere(
        "waiting",
        r"failed to run transfer service",
        "the login in the browser was not finished, or the answer is kept from this machine",
        "open the printed address, in the profile that is logged in; let "
        "login.cloudflareaccess.org through",
    ),
)

SSH: Final[tuple[LogRule, ...]] = (
    _rule(
        "open-key",
        r"(?:@ +)?WARNING: UNPROTECTED PRIVATE KEY FILE",
        "others may read the private key, so that ssh does not use it",
        "chmod 600 ~/.cloudflared/HOST-cf_key, and 700 the folder",
        "UNPROTECTED PRIVATE KEY FILE",
    ),
    _rule(
        "host-key-changed",
        r"(?:@ +)?WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED",
        "the server has another host key than last time: it was installed anew, or connectors on "
        "several machines serve one name, or several machines behind a bastion share one",
        "compare it with what `sh install.sh check` prints on the server; then ssh-keygen -R NAME. "
        "Behind a bastion: HostKeyAlias",
        "REMOTE HOST IDENTIFICATION HAS CHANGED",
    ),
    _rule(
        "host-key-unknown",
        "Host key verification failed",
        "the server's host key is not known here, or is not the known one",
        "compare it with what `sh install.sh check` prints on the server, and accept it once",
    ),
    _rule(
        "no-publickey",
        r"(?:\S{1,300}: )?Permission denied \((?![^)]*publickey)([^)]*)\)",
        "the server does not offer public keys (PubkeyAuthentication no), it offers: {0}",
        "PubkeyAuthentication yes in sshd_config",
        "Permission denied (",
    ),
    _rule(
        "denied",
        r"(?:\S{1,300}: )?Permission denied \(",
        "the server refused the key or certificate, and tells the reason to its own log only",
        "read it there: journalctl -u ssh -u sshd | ztctl ssh explain -",
        "Permission denied (",
    ),
    _rule(
        "not-resolved",
        r"ssh: Could not resolve hostname (\S{1,300}): ",
        "ssh looked for {0} in the DNS by itself: no ProxyCommand was in force. The block of the "
        "host is missing or does not fit, or cloudflared access ssh-gen failed in its Match line",
        "ztctl ssh client render writes the block; run ssh-gen by hand to see what it says",
    ),
    _rule(
        "closed-early",
        r"(?:ssh_exchange_identification|kex_exchange_identification): ",
        "the connection ended before the server spoke: the ProxyCommand failed, or sshd turns "
        "connections away (MaxStartups, penalties)",
        "run the ProxyCommand by hand: it has to print SSH-2.0-",
        "_exchange_identification: ",
    ),
    _rule(
        "not-ssh",
        r"(?:\S{1,60}: |banner exchange: )?banner line contains invalid characters",
        "what answered is no SSH server but a web server: the service of the tunnel's rule is "
        "http, or no ProxyCommand was in force",
        "service: ssh://HOST:22 in the rule",
        "banner line contains invalid characters",
    ),
    _rule(
        "forwarding-refused",
        r"(?:channel \d+: )?open failed: administratively prohibited",
        "the server forbids forwarding (AllowTcpForwarding no, or the certificate lacks "
        "permit-port-forwarding)",
        "allow it on the server, or go without -L, -W and ProxyJump",
        "administratively prohibited",
    ),
    _rule(
        "placeholder",
        r".{0,300}Unsupported Match attribute hostname\]",
        "ssh_config has the words [your hostname] in it: ssh stops for every host",
        "put the name in: ztctl ssh client render writes the block",
        "Unsupported Match attribute hostname]",
    ),
    _rule(
        "cloudflared-missing",
        r"(?!debug).{0,300}cloudflared\S{0,9} (?:\S{1,20} )?"
        r"(?:command )?(?:not found|No such file)",
        "cloudflared is not where the ProxyCommand looks for it",
        "install it, or render the block again: it holds the absolute path",
        "cloudflared",
    ),
)

CONNECTOR: Final[tuple[LogRule, ...]] = (
    _anywhere(
        "no-destination",
        r"Did not receive final destination from client",
        "a bastion was asked without saying where to go",
        "--destination %h:%p in the client's ProxyCommand: ztctl ssh client render",
    ),
    _anywhere(
        "no-token",
        r"no access token in request",
        "the connector turned a request away that came without a login: someone went around "
        "Access, or no application covers the name",
        "ztctl who HOST",
    ),
    _anywhere(
        "refused-by-connector",
        r"request filtered by middleware handler \(\S{1,100}\) due to: ([^\"]{0,300})",
        "the connector's own check of the Access token refused a request: {0}",
        "ztctl plan: the audience list has to hold the application's audience tag",
    ),
    _anywhere(
        "origin-refused",
        r"dial tcp (\S{1,300}): connect: connection refused",
        "nothing listens at {0}, where the rule leads",
        "start sshd there, or correct the rule's service; see ListenAddress",
    ),
    _anywhere(
        "origin-silent",
        r"dial tcp (\S{1,300}): (?:i/o timeout|connect: (?:no route to host|network is unreach))",
        "the connector gets no answer from {0}",
        "see the firewall between the connector and the server",
    ),
    _anywhere(
        "origin-unresolved",
        r"dial tcp: lookup (\S{1,300}) .{0,200}(?:no such host|server misbehaving)",
        "the connector cannot resolve {0}",
        "write an address, or a name that the connector's machine knows",
    ),
    _anywhere(
        "origin-unreachable",
        r"Unable to reach the origin service",
        "the connector does not reach the server of a rule",
        "see the service of the rule, and whether sshd runs there",
    ),
    _anywhere(
        "bad-tunnel-token",
        r"Provided Tunnel token is not valid",
        "the tunnel's token is not whole, or of another tunnel",
        "ztctl tunnel token NAME writes it",
    ),
    _anywhere(
        "no-credentials",
        r"Tunnel credentials file '([^']{0,300})' doesn't exist or is not a file",
        "the credentials file {0} is not there, or not to be read by the service's user",
        "put it there with mode 0400 and the service's owner",
    ),
    _anywhere(
        "tunnel-unauthorized",
        r"Unauthorized: (?:Invalid tunnel secret|Failed to get tunnel|Tunnel not found)",
        "Cloudflare refuses the connector: its token was replaced, or the tunnel is gone",
        "ztctl tunnel token NAME, and restart the service",
    ),
    _anywhere(
        "edge-unreachable",
        r"(?:failed to dial to edge|Unable to establish connection with Cloudflare edge)",
        "the connector does not reach Cloudflare",
        "let port 7844 out, TCP and UDP, to region1.v2.argotunnel.com and region2; or protocol: "
        "http2 where UDP is shut",
        "dge",
    ),
    _anywhere(
        "unused-keys",
        r"unused keys detected in your config file",
        "cloudflared does not know some keys of its configuration",
        "cloudflared tunnel ingress validate names them",
    ),
)

RULES: Final = {
    LogKind.SSHD: SSHD,
    LogKind.SSH: (*SSH, *ACCESS),
    LogKind.CLOUDFLARED: (*CONNECTOR, *ACCESS),
}
