"""A server's bundle as user data of cloud-init: the very same script, run at the first boot.

User data is no place for a secret: whoever may look at the machine at its provider reads it, and so
does every process on many of them. The tunnel's token is a file that comes by another way.
Source of the form: cloud-init's documentation (modules ``write_files`` and ``runcmd``).
"""

from __future__ import annotations

from collections.abc import Mapping

from ztctl.ssh.yaml_text import literal, quoted

SCRIPT = "install.sh"
TOKEN = "/root/ztctl-token"  # noqa: S105


def cloud_init(bundle: Mapping[str, str], stack: str, *, connector: bool = True) -> str:
    """User data that puts a bundle on a new machine and runs its script.

    Args:
        bundle: the texts of its files by their names, ``install.sh`` among them.
        stack: whose it is.
        connector: whether the script can install a connector.
    """
    folder = f"/var/lib/ztctl/{stack}"
    run = f"sh {folder}/{SCRIPT}"
    lines = [
        "#cloud-config",
        f"# Logins by certificates that Cloudflare Access signs (stack {stack}): see {SCRIPT}.",
        *(_about_token(run) if connector else ()),
        "write_files:",
        *(line for name in sorted(bundle) for line in _file(folder, name, bundle[name])),
        "runcmd:",
        *_commands(run, connector=connector),
    ]
    return "\n".join(lines) + "\n"


def _about_token(run: str) -> list[str]:
    return [
        "#",
        "# It holds no secret. Where this machine is to run the connector as well, the tunnel's",
        f"# token comes from your provider's store of secrets into {TOKEN}, or later:",
        f"#   ztctl tunnel token NAME | ssh root@SERVER {run} --connector",
    ]


def _file(folder: str, name: str, text: str) -> list[str]:
    mode = "0755" if name == SCRIPT else "0644"
    return [
        f"  - path: {quoted(f'{folder}/{name}')}",
        f'    permissions: "{mode}"',
        "    owner: root:root",
        f"    content: {literal(text, 6)}",
    ]


def _commands(run: str, *, connector: bool) -> list[str]:
    if not connector:
        return [f"  - {run}"]
    return [
        "  - |",
        f"    if [ -s {TOKEN} ]; then",
        f"        {run} --connector --token-file {TOKEN} && rm -f {TOKEN}",
        "    else",
        f"        {run}",
        "    fi",
    ]
