"""What nobody has promised about DNS records: each probe answers in a few words."""

from __future__ import annotations

from typing import Any

from .probes import Probe, again, collected, said
from .service import Answer, Service

RECORDS = "{Z}/dns_records"
CONTENT = "6a1b5c9e-0000-4000-8000-000000000000.cfargotunnel.com"

PROBES: dict[str, Probe] = {}
fact = collected(PROBES)


def record(service: Service, **fields: Any) -> Answer:
    """A new CNAME."""
    body = {"type": "CNAME", "name": service.host(), "content": CONTENT, "ttl": 1, **fields}
    return service.post(RECORDS, body)


@fact("DNS: a name in capitals")
def _(service: Service) -> str:
    name = service.host()
    answer = record(service, name=name.upper())
    return said(answer, lambda one: "lower case" if one["name"] == name else "kept")


@fact("DNS: how nothing is spelled in comment, tags and settings")
def _(service: Service) -> str:
    names = ("comment", "tags", "settings")
    return said(
        record(service), lambda one: ", ".join(f"{n} {one.get(n, 'absent')}" for n in names)
    )


@fact("DNS: a ttl of 2")
def _(service: Service) -> str:
    return said(record(service, ttl=2))


@fact("DNS: a comment of 101 characters")
def _(service: Service) -> str:
    return said(record(service, comment="x" * 101))


@fact("DNS: a tag")
def _(service: Service) -> str:
    return said(record(service, tags=["by:ztctl"]))


@fact("DNS: a name that is no name")
def _(service: Service) -> str:
    return said(record(service, name="a..b"))


@fact("DNS: code of an identical record")
def _(service: Service) -> str:
    name = record(service, type="A", content="192.0.2.1").result["name"]
    return said(record(service, name=name, type="A", content="192.0.2.1"))


@fact("DNS: type changed by PUT")
def _(service: Service) -> str:
    one = record(service, type="A", content="192.0.2.1").result
    return said(again(service, RECORDS, one, type="CNAME", content=CONTENT, ttl=1))


@fact("DNS: an empty batch")
def _(service: Service) -> str:
    answer = service.call("POST", f"{RECORDS}/batch", {})
    return said(answer, lambda done: ", ".join(f"{name} {done[name]}" for name in sorted(done)))


@fact("DNS: what a refused batch points at")
def _(service: Service) -> str:
    answer = service.call("POST", f"{RECORDS}/batch", {"posts": [{"type": "CNAME"}]})
    return f"{answer.status}, {answer.body['errors'][0].get('source', 'nothing')}"


@fact("DNS: a batch of 201 deletions of what is not there")
def _(service: Service) -> str:
    unknown = [{"id": f"{number:032x}"} for number in range(201)]
    return said(service.call("POST", f"{RECORDS}/batch", {"deletes": unknown}))


@fact("DNS: quota and use of the zone")
def _(service: Service) -> str:
    return said(service.get(f"{RECORDS}/usage"), lambda one: f"quota {one.get('record_quota')}")
