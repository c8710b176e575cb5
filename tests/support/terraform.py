"""What `terraform show -json` writes of a state, as documents in the shapes of versions 4 and 5."""

from __future__ import annotations

import re
from typing import Any

Json = Any
A5 = "cloudflare_zero_trust_access"
T5 = "cloudflare_zero_trust_tunnel_cloudflared"
SECRET = "Y2FuYXJ5" * 6
_STEP = r'module\.\w+(?:\["[^"]*"\]|\[\d+\])?'


def resource(address: str, values: Json = None, **more: Any) -> Json:
    """One instance; ``more`` are members such as ``tainted``."""
    plain = re.sub(r'\["(?:[^"\\]|\\.)*"\]|\[\d+\]', "", address)
    mode = "data" if ".data." in f".{plain}" else "managed"
    type_, name = plain.split(".")[-2:]
    provider = "registry.terraform.io/cloudflare/cloudflare"
    head = {"address": address, "mode": mode, "type": type_, "name": name}
    # Secrets are in plain text there, in whatever attribute.
    body = {"some_secret": SECRET, **(values or {})}
    return {**head, "provider_name": provider, "schema_version": 0, "values": body, **more}


def document(*resources: Json, **members: Any) -> Json:
    """A document, each resource in the module that its address names."""
    root: Json = {"resources": []}
    for it in resources:
        module, path = root, ""
        for step in re.findall(_STEP, it["address"]):
            path = f"{path}.{step}".lstrip(".")
            children = module.setdefault("child_modules", [])
            found = next((child for child in children if child["address"] == path), None)
            if found is None:
                found = {"address": path, "resources": []}
                children.append(found)
            module = found
        module["resources"].append(it)
    outputs = {"token": {"sensitive": True, "value": SECRET, "type": "string"}}
    values = {"outputs": outputs, "root_module": root}
    made = {"format_version": "1.0", "terraform_version": "1.11.4", "values": values}
    return {**made, **members}
