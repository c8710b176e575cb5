"""What lines of cloudflared and of an SSH client mean.

They are from cloudflared's source, from runs of 2026.8.2 and from what its users have reported;
those of ssh are from OpenSSH 9.2.
"""

from __future__ import annotations

from typing import Final

from ztctl.core.model.ssh_log import LogKind
from ztctl.ssh.log_causes import SSHD, LogRule, anywhere, rule

# What cloudflared says where the client runs: its messages stand in the output of `ssh -v`.
ACCESS: Final[tuple[LogRule, ...]] = (
    anywhere(
        "no-ca",
        r"Please create a ca for application",
        "the Access application has no CA, so that no certificate can be signed",
        "declare it below `ca_keys` and apply, or leave `ca_key` of the host true",
    ),
    anywhere(
        "bad-issuer",
        r"Invalid issuer",
        "the login came from a domain of your own, and certificates are signed only for a team "
        "domain that ends in cloudflareaccess.com",
        "use the team's own domain",
    ),
    anywhere(
        "stale-token",
        r"invalid character 'u' looking for beginning of value",
        "the stored login is stale",
        "delete *-token, *-org-token and *-jwks in ~/.cloudflared, and log in again",
    ),
    anywhere(
        "clock",
        r"metadata JWT is (?:more than|older than)",
        "the clock of this machine is wrong",
        "set it by NTP",
    ),
    anywhere(
        "no-access-application",
        r"failed to find Access application at (\S{1,300})",
        "no Access application answers at {0}: there is none, the name leads elsewhere, or a proxy "
        "takes its headers away",
        "ztctl who HOST, and ztctl ssh check HOST",
    ),
    anywhere(
        "application-gone",
        r"Unable to find your Access application",
        "the application is not there any more: it was deleted or made anew while a login was kept",
        "delete *-token, *-org-token and *-jwks in ~/.cloudflared, and log in again",
    ),
    anywhere(
        "handshake",
        r"websocket: bad handshake",
        "Cloudflare did not open the way to the server: the tunnel has no connector, the server's "
        "port is closed, the bastion was given no --destination, WebSockets are off in the zone, "
        "or something stands before the name (WAF, Worker, another application)",
        "ztctl ssh check HOST goes through them",
    ),
    anywhere(
        "tls",
        r"tls: handshake failure",
        "no certificate of the zone covers this name: names two levels below the zone have none",
        "a name one level below the zone, or an advanced certificate",
    ),
    anywhere(
        "no-such-host",
        r"(?:dial tcp: )?lookup (\S{1,300}?):? .{0,200}no such host",
        "the name {0} is not in the DNS",
        "ztctl plan shows whether its record is missing; a negative answer is kept for a while",
        "no such host",
    ),
    anywhere(
        "grey-cloud",
        r"fd10:aec2:5dae:",
        "the record of the name is not proxied, and leads to an address that nobody reaches",
        "`proxied: true` on the record, the default",
    ),
    anywhere(
        "error-1033",
        r"(?:error code: |Error )1033",
        "the tunnel has no connector that runs, or the record leads to a tunnel of another account",
        "start cloudflared on the server: ztctl ssh guide HOST",
        "1033",
    ),
    anywhere(
        "error-1016",
        r"(?:error code: |Error )1016",
        "the record leads to a tunnel that is not there any more",
        "ztctl plan shows what the record should be",
        "1016",
    ),
    anywhere(
        "waiting",
        r"failed to run transfer service",
        "the login in the browser was not finished, or the answer is kept from this machine",
        "open the printed address, in the profile that is logged in; let "
        "login.cloudflareaccess.org through",
    ),
)

SSH: Final[tuple[LogRule, ...]] = (
    rule(
        "open-key",
        r"(?:@ +)?WARNING: UNPROTECTED PRIVATE KEY FILE",
        "others may read the private key, so that ssh does not use it",
        "chmod 600 ~/.cloudflared/HOST-cf_key, and 700 the folder",
        "UNPROTECTED PRIVATE KEY FILE",
    ),
    rule(
        "host-key-changed",
        r"(?:@ +)?WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED",
        "the server has another host key than last time: it was installed anew, or connectors on "
        "several machines serve one name, or several machines behind a bastion share one",
        "compare it with what `sh install.sh check` prints on the server; then ssh-keygen -R NAME. "
        "Behind a bastion: HostKeyAlias",
        "REMOTE HOST IDENTIFICATION HAS CHANGED",
    ),
    rule(
        "host-key-unknown",
        "Host key verification failed",
        "the server's host key is not known here, or is not the known one",
        "compare it with what `sh install.sh check` prints on the server, and accept it once",
    ),
    rule(
        "no-publickey",
        r"(?:\S{1,300}: )?Permission denied \((?![^)]*publickey)([^)]*)\)",
        "the server does not offer public keys (PubkeyAuthentication no), it offers: {0}",
        "PubkeyAuthentication yes in sshd_config",
        "Permission denied (",
    ),
    rule(
        "denied",
        r"(?:\S{1,300}: )?Permission denied \(",
        "the server refused the key or certificate, and tells the reason to its own log only",
        "read it there: journalctl -u ssh -u sshd | ztctl ssh explain -",
        "Permission denied (",
    ),
    rule(
        "not-resolved",
        r"ssh: Could not resolve hostname (\S{1,300}): ",
        "ssh looked for {0} in the DNS by itself: no ProxyCommand was in force. The block of the "
        "host is missing or does not fit, or cloudflared access ssh-gen failed in its Match line",
        "ztctl ssh client render writes the block; run ssh-gen by hand to see what it says",
    ),
    rule(
        "closed-early",
        r"(?:ssh_exchange_identification|kex_exchange_identification): ",
        "the connection ended before the server spoke: the ProxyCommand failed, or sshd turns "
        "connections away (MaxStartups, penalties)",
        "run the ProxyCommand by hand: it has to print SSH-2.0-",
        "_exchange_identification: ",
    ),
    rule(
        "not-ssh",
        r"(?:\S{1,60}: |banner exchange: )?banner line contains invalid characters",
        "what answered is no SSH server but a web server: the service of the tunnel's rule is "
        "http, or no ProxyCommand was in force",
        "service: ssh://HOST:22 in the rule",
        "banner line contains invalid characters",
    ),
    rule(
        "forwarding-refused",
        r"(?:channel \d+: )?open failed: administratively prohibited",
        "the server forbids forwarding (AllowTcpForwarding no, or the certificate lacks "
        "permit-port-forwarding)",
        "allow it on the server, or go without -L, -W and ProxyJump",
        "administratively prohibited",
    ),
    rule(
        "placeholder",
        r".{0,300}Unsupported Match attribute hostname\]",
        "ssh_config has the words [your hostname] in it: ssh stops for every host",
        "put the name in: ztctl ssh client render writes the block",
        "Unsupported Match attribute hostname]",
    ),
    rule(
        "cloudflared-missing",
        r"(?!debug).{0,300}cloudflared\S{0,9} (?:\S{1,20} )?"
        r"(?:command )?(?:not found|No such file)",
        "cloudflared is not where the ProxyCommand looks for it",
        "install it, or render the block again: it holds the absolute path",
        "cloudflared",
    ),
)

CONNECTOR: Final[tuple[LogRule, ...]] = (
    anywhere(
        "no-destination",
        r"Did not receive final destination from client",
        "a bastion was asked without saying where to go",
        "--destination %h:%p in the client's ProxyCommand: ztctl ssh client render",
    ),
    anywhere(
        "no-token",
        r"no access token in request",
        "the connector turned a request away that came without a login: someone went around "
        "Access, or no application covers the name",
        "ztctl who HOST",
    ),
    anywhere(
        "refused-by-connector",
        r"request filtered by middleware handler \(\S{1,100}\) due to: ([^\"]{0,300})",
        "the connector's own check of the Access token refused a request: {0}",
        "ztctl plan: the audience list has to hold the application's audience tag",
    ),
    anywhere(
        "origin-refused",
        r"dial tcp (\S{1,300}): connect: connection refused",
        "nothing listens at {0}, where the rule leads",
        "start sshd there, or correct the rule's service; see ListenAddress",
    ),
    anywhere(
        "origin-silent",
        r"dial tcp (\S{1,300}): (?:i/o timeout|connect: (?:no route to host|network is unreach))",
        "the connector gets no answer from {0}",
        "see the firewall between the connector and the server",
    ),
    anywhere(
        "origin-unresolved",
        r"dial tcp: lookup (\S{1,300}) .{0,200}(?:no such host|server misbehaving)",
        "the connector cannot resolve {0}",
        "write an address, or a name that the connector's machine knows",
    ),
    anywhere(
        "origin-unreachable",
        r"Unable to reach the origin service",
        "the connector does not reach the server of a rule",
        "see the service of the rule, and whether sshd runs there",
    ),
    anywhere(
        "bad-tunnel-token",
        r"Provided Tunnel token is not valid",
        "the tunnel's token is not whole, or of another tunnel",
        "ztctl tunnel token NAME writes it",
    ),
    anywhere(
        "no-credentials",
        r"Tunnel credentials file '([^']{0,300})' doesn't exist or is not a file",
        "the credentials file {0} is not there, or not to be read by the service's user",
        "put it there with mode 0400 and the service's owner",
    ),
    anywhere(
        "tunnel-unauthorized",
        r"Unauthorized: (?:Invalid tunnel secret|Failed to get tunnel|Tunnel not found)",
        "Cloudflare refuses the connector: its token was replaced, or the tunnel is gone",
        "ztctl tunnel token NAME, and restart the service",
    ),
    anywhere(
        "edge-unreachable",
        r"(?:failed to dial to edge|Unable to establish connection with Cloudflare edge)",
        "the connector does not reach Cloudflare",
        "let port 7844 out, TCP and UDP, to region1.v2.argotunnel.com and region2; or protocol: "
        "http2 where UDP is shut",
        "dge",
    ),
    anywhere(
        "unused-keys",
        r"unused keys detected in your config file",
        "cloudflared does not know some keys of its configuration",
        "cloudflared tunnel ingress validate names them",
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

RULES: Final = {
    LogKind.SSHD: SSHD,
    LogKind.SSH: (*SSH, *ACCESS),
    LogKind.CLOUDFLARED: (*CONNECTOR, *ACCESS),
}
