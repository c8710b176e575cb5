"""Small files about a few names, and the edits that people make to them.

A file is about ``HOME`` and now and then about one name elsewhere; its keys come from small pools,
so that two stacks and the hands of others meet at the same names again and again.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from random import Random
from typing import Any

File = dict[str, Any]
Edit = Callable[[File, Random], None]

HOME, NEAR, FAR = "example.com", "example.org", "example.net"
STACKS = ("one", "two")
HOSTS = (f"a.{HOME}", f"b.{HOME}", f"c.a.{HOME}")
# A name that others have by hand as another name for something.
OLD = f"old.{HOME}"
STARS = (f"*.{HOME}", f"*.a.{HOME}")
ELSEWHERE = (f"a.{NEAR}", f"*.{NEAR}", f"a.{FAR}")
# Names that nobody has by hand, so that they are often free for two stacks at once.
_QUIET = (f"m.q.{HOME}", f"n.q.{HOME}")
PATHS = ("/admin", "/x")
SERVICES = ("ssh://10.0.0.1:22", "http://10.0.0.2:80")
PEOPLE = ("ana@example.com", "bob@example.com")
GROUPS, POLICIES, APPS, TUNNELS = ("g0", "g1"), ("p0", "p1", "p2"), ("web", "adm", "ops"), ("t",)
_SECTIONS = ("groups", "policies", "applications", "tunnels", "dns", "hosts")


# The names that the files of a stack are mostly about; stars are everybody's.
_OWN: dict[str, tuple[str, ...]] = {"one": HOSTS, "two": (f"b.{HOME}", f"d.{HOME}", f"a.{NEAR}")}


def name(chance: Random, stack: str) -> str:
    """Some name that a file of a stack may speak of: mostly its own, of its own zone."""
    own = HOSTS if chance.random() < 0.15 else _OWN[stack]
    pool: list[str] = [*own, *own, *STARS, *(ELSEWHERE if chance.random() < 0.2 else ())]
    return chance.choice(pool)


def other(stack: str) -> str:
    """The other one of the two stacks."""
    return STACKS[1 - STACKS.index(stack)]


def base(stack: str, chance: Random) -> File:
    """A file to begin with: a name or two, and who may go there."""
    file: File = {
        "stack": stack,
        "groups": {"g0": {"include": [{"email": PEOPLE[0]}]}},
        "policies": {"p0": policy(chance, stack, {"g0": {}})},
        "applications": {},
        "tunnels": {"t": {"ingress": []}},
        "dns": {},
    }
    for _ in range(chance.choice([1, 1, 2])):
        guarded_host(file, chance)
    return file


# -- parts ---------------------------------------------------------------------------------


def people(chance: Random) -> dict[str, Any]:
    """Somebody, or everybody of a mail domain."""
    return chance.choice(
        [{"email": PEOPLE[0]}, {"email": PEOPLE[1]}, {"email_domain": "example.com"}]
    )


def policy(chance: Random, stack: str, groups: dict[str, Any]) -> dict[str, Any]:
    """Who may enter: people, a group of one's own or of the other stack, rarely everybody."""
    kind = chance.random()
    if kind < 0.1:
        return {"decision": "bypass", "include": [{"everyone": True}]}
    if kind < 0.2:
        return {"decision": "bypass", "include": [{"ip": "192.0.2.0/24"}]}
    if kind < 0.25:
        return {"decision": "deny", "include": [{"email": chance.choice(PEOPLE)}]}
    if kind < 0.3:
        return {"decision": "allow", "include": [{"everyone": True}]}
    include: list[Any] = [people(chance)]
    if groups and chance.random() < 0.5:
        include = [{"group": chance.choice(sorted(groups))}]
    elif chance.random() < 0.25:
        include = [{"group": {"live": f"{chance.choice(GROUPS)}.ztctl-{other(stack)}"}}]
    decision = "bypass" if "group" in include[0] and chance.random() < 0.3 else "allow"
    made: dict[str, Any] = {"decision": decision, "include": include}
    if chance.random() < 0.15:
        made["exclude"] = [{"email": chance.choice(PEOPLE)}]
    return made


def guards(file: File, chance: Random) -> list[Any]:
    """The policies of an application, those of the other stack now and then among them."""
    own = [key for key in file["policies"] if chance.random() < 0.6]
    if chance.random() < 0.2:
        own.append({"live": f"{chance.choice(POLICIES)}.ztctl-{other(file['stack'])}"})
    return own


def guarded_host(file: File, chance: Random) -> None:
    """A name with everything: rule, record, and an application in front."""
    host = name(chance, file["stack"])
    _add_rule(file, chance, host)
    file["dns"][host] = {"tunnel": "t"}
    key = _free(file["applications"], APPS)
    if key is not None:
        file["applications"][key] = {"domain": host, "policies": guards(file, chance)}


def _add_rule(file: File, chance: Random, host: str) -> None:
    rules = file["tunnels"]["t"]["ingress"]
    rules[:] = [rule for rule in rules if rule.get("hostname", "") != host]
    rule: File = {"service": chance.choice(SERVICES)}
    if host:
        rule = {"hostname": host, **rule}
    # Where the connector checks tokens by itself, nothing that goes wrong in front of it shows.
    if chance.random() < 0.85:
        rule["access"] = False
    rules.append(rule)
    rules.sort(key=_breadth)


def _breadth(rule: File) -> tuple[bool, bool, int]:
    host = rule.get("hostname", "")
    return not host, "*" in host, -len(host)


def _free(section: File, keys: tuple[str, ...]) -> str | None:
    return next((key for key in keys if key not in section), None)


def _some(section: File, chance: Random) -> str | None:
    return chance.choice(sorted(section)) if section else None


# -- edits ---------------------------------------------------------------------------------


def add_host(file: File, chance: Random) -> None:
    """A name served and put into DNS; whoever guards it does so already."""
    host = name(chance, file["stack"])
    _add_rule(file, chance, host)
    file["dns"][host] = {"tunnel": "t"}


def add_rule(file: File, chance: Random) -> None:
    """A name served that somebody else's record may lead here."""
    _add_rule(file, chance, chance.choice([*HOSTS, *STARS, *ELSEWHERE, f"*.{FAR}", OLD, OLD, OLD]))


def add_catch_all(file: File, chance: Random) -> None:
    """Whatever comes is served."""
    _add_rule(file, chance, "")


def remove_rule(file: File, chance: Random) -> None:
    """A name is no longer served."""
    rules = file["tunnels"]["t"]["ingress"]
    if rules:
        rules.pop(chance.randrange(len(rules)))


def change_rule(file: File, chance: Random) -> None:
    """Another service, or another answer to whether the connector checks."""
    rules = file["tunnels"]["t"]["ingress"]
    if rules:
        rule = chance.choice(rules)
        if chance.random() < 0.5:
            rule["service"] = chance.choice(SERVICES)
        elif rule.pop("access", None) is None:
            rule["access"] = False


def remove_record(file: File, chance: Random) -> None:
    """A name out of DNS."""
    file["dns"].pop(_some(file["dns"], chance), None)


def change_record(file: File, chance: Random) -> None:
    """Into the proxy, or out of it."""
    host = _some(file["dns"], chance)
    if host is not None:
        record = file["dns"][host]
        if record.pop("proxied", None) is None:
            record["proxied"] = False


def add_application(file: File, chance: Random) -> None:
    """An application before some name, a star or a path; what is there may be no tunnel."""
    key = _free(file["applications"], APPS)
    if key is not None:
        path = chance.choice(PATHS) if chance.random() < 0.3 else ""
        domain = name(chance, file["stack"]) + path
        file["applications"][key] = {"domain": domain, "policies": guards(file, chance)}
        if chance.random() < 0.15:
            file["applications"][key]["name"] = "SSH"


def remove_application(file: File, chance: Random) -> None:
    """An application goes."""
    file["applications"].pop(_some(file["applications"], chance), None)


def move_application(file: File, chance: Random) -> None:
    """An application stands somewhere else."""
    key = _some(file["applications"], chance)
    if key is not None:
        file["applications"][key]["domain"] = name(chance, file["stack"])


def change_guards(file: File, chance: Random) -> None:
    """Other policies at an application."""
    key = _some(file["applications"], chance)
    if key is not None:
        file["applications"][key]["policies"] = guards(file, chance)


def change_policy(file: File, chance: Random) -> None:
    """Others may enter, by some policy."""
    key = chance.choice(POLICIES)
    file["policies"][key] = policy(chance, file["stack"], file["groups"])


def remove_policy(file: File, chance: Random) -> None:
    """A policy goes, and from the applications with it."""
    gone = _some(file["policies"], chance)
    file["policies"].pop(gone, None)


def change_group(file: File, chance: Random) -> None:
    """Others are in a group, rarely everybody."""
    everybody = {"everyone": True} if chance.random() < 0.3 else people(chance)
    file["groups"][chance.choice(GROUPS)] = {"include": [everybody]}


def remove_group(file: File, chance: Random) -> None:
    """A group goes, and from the policies with it."""
    file["groups"].pop(_some(file["groups"], chance), None)


def rename_host(file: File, chance: Random) -> None:
    """A name becomes another one everywhere; often somebody's entry changes on the way."""
    named = [host for host in HOSTS if host in file["dns"]]
    free = [host for host in HOSTS if host not in file["dns"]]
    if not named or not free:
        return
    old, new = chance.choice(named), chance.choice(free)
    file["dns"] = {new if host == old else host: it for host, it in file["dns"].items()}
    for rule in file["tunnels"]["t"]["ingress"]:
        if rule.get("hostname") == old:
            rule["hostname"] = new
    for app in file["applications"].values():
        if app["domain"].partition("/")[0] == old:
            app["domain"] = app["domain"].replace(old, new)
            if chance.random() < 0.6:
                app["policies"] = guards(file, chance)


def rename_key(file: File, chance: Random) -> None:
    """An object goes by another key, with the file saying so; often with an edit of a policy."""
    section, kind, keys = chance.choice(
        [
            ("applications", "access_application", APPS),
            ("policies", "access_policy", POLICIES),
            ("groups", "access_group", GROUPS),
        ]
    )
    old, new = _some(file[section], chance), _free(file[section], keys)
    if old is None or new is None:
        return
    file[section] = {new if key == old else key: it for key, it in file[section].items()}
    _refer(file, section, old, new)
    file.setdefault("moved", []).append({"from": f"{kind}.{old}", "to": f"{kind}.{new}"})
    if chance.random() < 0.6:
        change_policy(file, chance)


def public_host(file: File, chance: Random) -> None:
    """A name that the file states to be open, or no longer."""
    if "hosts" in file:
        del file["hosts"]
        return
    host = chance.choice(HOSTS)
    open_to_all = {"reason": "a demo"}
    if host not in file["dns"]:
        short = {"tunnel": "t", "service": SERVICES[0], "public": open_to_all}
        file["hosts"] = {host: short}


def _refer(file: File, section: str, old: str, new: str) -> None:
    if section == "policies":
        for app in file["applications"].values():
            app["policies"] = [new if key == old else key for key in app["policies"]]
    if section == "groups":
        for one in file["policies"].values():
            for rule in one["include"]:
                if rule.get("group") == old:
                    rule["group"] = new


EDITS: tuple[Edit, ...] = (
    add_host, add_rule, add_catch_all, remove_rule, change_rule, remove_record, change_record,
    add_application, add_application, remove_application, remove_application, move_application,
    change_guards, change_policy, change_policy, remove_policy, change_group, change_group,
    remove_group, rename_host, rename_host, rename_key, rename_key, public_host, guarded_host,
)  # fmt: skip


def leaning(mine: File, theirs: File, chance: Random) -> str:
    """One stack gets ready to open a name for which it leans on the other; the name.

    Both files are changed to what is there before: the other's cover, its policies and groups.
    """
    host = chance.choice([*HOSTS, *_QUIET, *_QUIET])
    _close(mine, host)
    theirs["groups"]["g0"] = {"include": [people(chance)]}
    theirs["policies"]["p0"] = {"decision": "allow", "include": [{"group": "g0"}]}
    theirs["policies"]["p1"] = {"decision": "bypass", "include": [{"ip": "192.0.2.0/24"}]}
    _close(theirs, host)
    star = f"*.{host.partition('.')[2]}"
    if chance.random() < 0.6:
        covers = chance.choice([host, star, star])
        _stand(theirs, "web", covers, chance.choice([["p0"], ["p1"], ["p0", "p1"]]))
    return host


def opening(file: File, host: str, chance: Random) -> None:
    """The one stack opens the name, with an application of its own before all of it or a part."""
    _add_rule(file, chance, host)
    file["dns"][host] = {"tunnel": "t"}
    star = f"*.{host.partition('.')[2]}"
    place = chance.choice([host, star, host + chance.choice(PATHS), ""])
    live = {"live": f"{chance.choice(['p0', 'p0', 'p1'])}.ztctl-{other(file['stack'])}"}
    file["policies"]["p0"] = {"decision": "allow", "include": [people(chance)]}
    if chance.random() < 0.3:
        group = {"live": f"g0.ztctl-{other(file['stack'])}"}
        decision = chance.choice(["allow", "bypass"])
        file["policies"]["p0"] = {"decision": decision, "include": [{"group": group}]}
    if place:
        _stand(file, "web", place, chance.choice([["p0"], [live], ["p0", live]]))


def taking(file: File, host: str, chance: Random) -> None:
    """The other stack takes its cover away, stands before it with less, or lets everybody in."""
    match chance.choice(["away", "before", "policy", "group"]):
        case "away":
            file["applications"].pop("web", None)
        case "before":
            file["policies"]["p2"] = {"decision": "bypass", "include": [{"everyone": True}]}
            _stand(file, "adm", host + chance.choice(["", "", *PATHS]), ["p2"])
        case "policy":
            wide = {"decision": "bypass", "include": [{"everyone": True}]}
            file["policies"][chance.choice(["p0", "p1"])] = wide
        case "group":
            file["groups"]["g0"] = {"include": [{"everyone": True}]}


def _close(file: File, host: str) -> None:
    """Nothing of a file is about a host, nor about all its neighbours."""
    star = f"*.{host.partition('.')[2]}"
    file.pop("hosts", None)
    rules = file["tunnels"]["t"]["ingress"]
    rules[:] = [rule for rule in rules if rule.get("hostname") not in (None, host, star)]
    for name in (host, star):
        file["dns"].pop(name, None)
    file["applications"] = {
        key: app
        for key, app in file["applications"].items()
        if app["domain"].partition("/")[0] not in (host, star)
    }


def _stand(file: File, key: str, domain: str, policies: list[Any]) -> None:
    apps = file["applications"]
    apps[key] = {"domain": domain, "policies": policies}


def edited(file: File, edits: Iterator[Edit], chance: Random, others: File | None = None) -> File:
    """A copy of a file after some edits, closed under references to itself and to ``others``."""
    after = copy.deepcopy(file)
    after.pop("moved", None)
    for edit in edits:
        edit(after, chance)
    return closed(after, others)


def some_edits(chance: Random, pool: tuple[Edit, ...] = EDITS) -> Iterator[Edit]:
    """One to four edits that are made at the same time."""
    yield from chance.choices(pool, k=chance.choice([1, 1, 2, 2, 3, 4]))


def written(file: File) -> File:
    """A file without its empty sections."""
    return {key: it for key, it in file.items() if it or key not in _SECTIONS}


def closed(file: File, others: File | None) -> File:
    """A file without references to what neither it nor the other stack's holds."""
    others = others or {}
    groups, policies, apps = file["groups"], file["policies"], file["applications"]
    for one in policies.values():
        one["include"] = [
            rule
            for rule in one["include"]
            if _is_there(rule.get("group"), groups, others.get("groups", {}))
        ] or [{"email": PEOPLE[0]}]
    for app in apps.values():
        there = [
            key for key in app["policies"] if _is_there(key, policies, others.get("policies", {}))
        ]
        # A policy can be attached only once.
        app["policies"] = [key for place, key in enumerate(there) if key not in there[:place]]
    kinds = {"access_application": apps, "access_policy": policies, "access_group": groups}
    file["moved"] = [
        move
        for move in file.pop("moved", ())
        if all(
            (side.partition(".")[2] in kinds[side.partition(".")[0]]) is wanted
            for side, wanted in ((move["from"], False), (move["to"], True))
        )
    ]
    if not file["moved"]:
        del file["moved"]
    domains: dict[str, str] = {}
    for key, app in [*apps.items()]:
        if domains.setdefault(app["domain"], key) != key:
            del apps[key]
    for host in file.get("hosts", ()):
        file["dns"].pop(host, None)
    return file


def _is_there(key: Any, own: File, others: File) -> bool:
    if isinstance(key, dict):
        return key["live"].partition(".")[0] in others
    return key is None or key in own
