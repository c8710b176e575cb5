"""Replace names, addresses and ids of a snapshot, each by the same in every place.

Whatever is written somewhere is taken apart into words, and every word that is not one of the
service's is replaced: so a name in a zone stays one, a mark stays a mark, and what was equal or
different before is so afterwards. Of addresses the common beginnings are kept: what lay in a
network lies in it, and what is private stays private. Nothing leads back: words are numbered, ids
and addresses are drawn anew each time, and what stands for what is written down nowhere.
"""

from __future__ import annotations

import re
import secrets
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache
from hashlib import blake2b
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_network
from itertools import product
from string import ascii_lowercase
from typing import Final

from ztctl.cloudflare.snapshot import Question, Refused, Snapshot
from ztctl.core.model.calls import Json
from ztctl.core.model.names import to_ascii

Address = IPv4Address | IPv6Address

_TOKEN: Final = re.compile(
    r"""
    (?P<keep> \\.                                              # of regular expressions: escapes,
      | \[\^?(?:\w-\w|_|[^\w\[\]])+\] | \(\?[imsU-]{0,6}[:)]      # ranges of letters, flags
      | \d{4}-\d\d-\d\dT[\d:.]+(?:Z|[+-]\d\d:\d\d)              # times
      | (?<=\.)[a-z]{2}(?![\w.-]) )                             # the end of a name, such as .uk
    | (?P<uuid> (?<!\w)[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}(?!\w) )
    | (?P<key> (?<![\w+/])[A-Za-z0-9+/]{64,}={0,2} )            # a key in base64, or a long id
    | (?P<short> (?<![\w+/])[A-Za-z0-9+/]{43}=(?![\w=]) )       # a key of 32 bytes
    | (?P<hex> (?<!\w)[0-9a-fA-F]{16,}(?!\w) )
    | (?P<v6> (?<![\w:.])(?:[0-9a-fA-F]{0,4}:){2,7}[0-9a-fA-F.]{0,15}(?:/\d{1,3})?(?![\w:]) )
    | (?P<v4> (?<![\w.])\d{1,3}(?:\.\d{1,3}){3}(?:/\d{1,2})?(?![\w.]) )
    | (?P<idn> (?<!\w)xn--[\w-]+ )
    | (?P<word> \w+ )
    """,
    re.VERBOSE,
)
_WORD: Final = re.compile(r"\w+")
_HEX: Final = re.compile(r"[0-9a-fA-F]+", re.ASCII)
# Numbers such as ports, and lengths of time.
_FIGURE: Final = re.compile(r"\d{1,5}|(?:\d+(?:ns|us|ms|h|m|s))+", re.ASCII)
# A country; a member as the service names it.
_COUNTRY: Final = re.compile(r"[A-Z]{2}", re.ASCII)
_MEMBER: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)
# How every key of this sort begins (RFC 5656): what follows is the key itself.
_ECDSA: Final = "AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBB"
# What the service says itself, and what ztctl does: nobody is known by it.
_WORDS: Final = frozenset(
    _WORD.findall(
        """
        t1 high medium low unscored cloudflare_account_member
        true false null none yes no on off any all account accounts zones zone access
        apps app ca policies policy groups group tags tag organizations
        identity_providers service_tokens cfd_tunnel configurations teamnet routes
        gateway rules audit_ssh audit_ssh_settings l4 dst src
        virtual_networks zerotrust hostname dns_records read edit list self_hosted ssh
        saas vnc rdp bookmark app_launcher warp biso dash_sso infrastructure mcp
        mcp_portal proxy_endpoint allow deny non_identity bypass cloudflare local active
        pending full partial secondary internal healthy degraded inactive down free pro
        business enterprise website public private tcp udp lax strict totp biometrics
        security_key everyone forever http https smb unix tls wss ws bastion hello_world
        http_status socks proxy localhost onetimepin okta google google_apps azuread
        github saml oidc facebook linkedin onelogin pingone centrify yandex mfa hwk otp
        pin swk kba sms tel face fpt iris mca pwd rba retina sc user vbm wia http2 quic
        auto com net org edu gov info dev biz cloud arpa invalid test a aaaa cname txt
        mx ns srv caa ptr ds svcb tlsa naptr cert sshfp uri loc smimea openpgpkey dnskey
        include exclude require email email_domain email_list domain ip ip_list country
        geo login_method auth_method auth_context device_posture external_evaluation
        certificate common_name service_token any_valid_service_token linked_app_token
        user_risk_score azure_ad gsuite google_workspace github_organization
        organization routing ztctl protect lock cloudflareaccess cfargotunnel sensitive
        ecdsa sha2 nistp256 open
        """
    )
)
# Ranges of which everybody knows what they are (IANA's registries of special-purpose addresses).
_KNOWN: Final = tuple(
    ip_network(text)
    for text in (
        *("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16"),
        *("172.16.0.0/12", "192.168.0.0/16", "224.0.0.0/4", "240.0.0.0/4"),
        *(
            "::/128",
            "::1/128",
            "::ffff:0:0/96",
            "64:ff9b::/96",
            "100::/64",
            "fc00::/8",
            "fd00::/8",
            "fe80::/10",
            "ff00::/8",
        ),
    )
)
_MAPPED: Final = IPv6Network("::ffff:0:0/96")


def redacted(snapshot: Snapshot) -> Snapshot:
    """A copy in which no name, address or id of the account stands."""
    return Redactor(snapshot).snapshot()


class Redactor:
    """Replaces texts of one snapshot, and of files that go with it.

    Args:
        snapshot: the snapshot; what stands for a name is no word of it.
        key: drawn by chance; with the same key the same addresses and ids come out.
    """

    def __init__(self, snapshot: Snapshot, key: bytes | None = None) -> None:
        self._snapshot = snapshot
        self._key = key or secrets.token_bytes(32)
        self._names: dict[str, str] = {}
        self._prefix = _unused_prefix(snapshot)
        self._address = lru_cache(maxsize=None)(self._moved)

    def snapshot(self) -> Snapshot:
        """The snapshot with everything replaced; what the service said of failures is left out."""
        was = self._snapshot
        return replace(
            was,
            account=self.text(was.account),
            account_name=self.text(was.account_name),
            redacted=True,
            replies={self._question(key): self.value(it) for key, it in was.replies.items()},
        )

    def _question(self, asked: Question) -> Question:
        path, query = asked
        return self.text(path), tuple((name, self.text(value)) for name, value in query)

    def value(self, value: Json) -> Json:
        """A value in which every text is replaced, and each key that no member is called by."""
        if isinstance(value, Refused):
            return replace(value, errors=tuple((code, "") for code, _ in value.errors))
        if isinstance(value, dict):
            return {
                name if _MEMBER.fullmatch(name) else self.text(name): self.value(item)
                for name, item in value.items()
            }
        if isinstance(value, list):
            return [self.value(item) for item in value]
        return self.text(value) if isinstance(value, str) else value

    def text(self, text: str) -> str:
        """A text with each of its words replaced; what stands between them stays."""
        return _TOKEN.sub(self._token, text)

    def _token(self, found: re.Match[str]) -> str:
        text = found[0]
        match found.lastgroup:
            case "keep":
                return text
            case "uuid":
                return _HEX.sub(lambda part: self._hex(text, part), text)
            case "hex":
                return self._hex(text, found)
            case "key":
                return self._public_key(text)
            case "short":
                return self._short_key(text)
            case "v4" | "v6":
                return self._network(text)
            case _:
                return self._word(text)

    def _hex(self, whole: str, part: re.Match[str]) -> str:
        made = self._drawn("id", f"{part.start() if part[0] != whole else 0} {whole.lower()}")
        digits = made.hex()[: len(part[0])].ljust(len(part[0]), "0")
        return digits if part[0] == part[0].lower() else digits.upper()

    def _public_key(self, text: str) -> str:
        if _HEX.fullmatch(text):
            return self._drawn("id", text.lower()).hex()[: len(text)].ljust(len(text), "0")
        head = _ECDSA if text.startswith(_ECDSA) else ""
        count = len(text) - len(head)
        body = b64encode(b"".join(self._drawn(f"key {i}", text) for i in range(count // 64 + 1)))
        end = "=" * (len(text) - len(text.rstrip("=")))
        return f"{head}{body.decode()[: count - len(end)]}{end}"

    def _short_key(self, text: str) -> str:
        """A key of X25519, of which the highest bit is not set, in place of another one."""
        made = bytearray(self._drawn("key", text)[:32])
        made[31] &= 0x7F
        return b64encode(made).decode()

    def _network(self, text: str) -> str:
        address, slash, _ = text.partition("/")
        try:
            network = ip_network(text, strict=False)
            first = ip_network(address).network_address
        except ValueError:
            return _WORD.sub(lambda part: self._word(part[0]), text)
        if first.is_loopback:
            return text
        # Of an address all is moved, of a network its beginning: the rest is not part of it.
        is_network = bool(slash) and first == network.network_address
        length = network.prefixlen if is_network else first.max_prefixlen
        return f"{self._address(first, length)}{text[len(address) :]}"

    def _moved(self, address: Address, length: int) -> Address:
        """Flip bits of an address, each as the ones before it want; as many as are looked at."""
        if isinstance(address, IPv6Address) and address.ipv4_mapped is not None and length > 96:
            inner = int(self._address(address.ipv4_mapped, length - 96))
            return IPv6Address(int(_MAPPED.network_address) | inner)
        number, size = int(address), address.max_prefixlen
        made = number
        for bit in range(length):
            before = number >> (size - bit)
            if not _leads_to_known(before, bit, address.version):
                drawn = self._drawn("bit", f"{address.version} {bit} {before}")
                made ^= (drawn[0] & 1) << (size - bit - 1)
        return type(address)(made)

    def _word(self, text: str) -> str:
        lower = text.lower()
        if lower in _WORDS or _FIGURE.fullmatch(lower) or _COUNTRY.fullmatch(text):
            return text
        # As it is written, unless that is how many write the same.
        key = lower if text in (lower, lower.upper(), lower.capitalize()) else text
        if key == lower and not lower.isascii():
            key = to_ascii(lower)
        name = self._names.setdefault(key, f"{self._prefix}{len(self._names) + 1}")
        if text == lower or key == text:
            return name
        return name.upper() if text == lower.upper() and len(text) > 1 else name.capitalize()

    def _drawn(self, purpose: str, text: str) -> bytes:
        made = blake2b(f"{purpose} {text}".encode(errors="replace"), key=self._key)
        return made.digest()


@lru_cache(maxsize=4096)
def _leads_to_known(before: int, bit: int, version: int) -> bool:
    """Whether one of the known ranges begins with these bits and goes on."""
    known = (it for it in _KNOWN if it.version == version and it.prefixlen > bit)
    return any(int(it.network_address) >> (it.max_prefixlen - bit) == before for it in known)


def _unused_prefix(snapshot: Snapshot) -> str:
    """Two letters with which no word of a snapshot begins."""
    words = (word[:2].lower() for text in _texts(snapshot) for word in _WORD.findall(text))
    used = {*words, *(word[:2] for word in _WORDS)}
    pairs = ("".join(pair) for pair in product("nw" + ascii_lowercase, ascii_lowercase))
    return next((pair for pair in pairs if pair not in used), "redacted")


def _texts(snapshot: Snapshot) -> Iterator[str]:
    yield snapshot.account_name
    for answer in snapshot.replies.values():
        yield from _texts_in(answer)


def _texts_in(value: Json) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for name, item in value.items():
            yield name
            yield from _texts_in(item)
    elif isinstance(value, list):
        for item in value:
            yield from _texts_in(item)
