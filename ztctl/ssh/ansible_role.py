"""A server's bundle as a role of Ansible: it copies the very same script, and runs it.

The script says what it wrote, which is what makes a task changed; in check mode it runs dry. The
token is a variable, meant for Ansible's vault; it goes to the script's standard input, and the task
that has it logs nothing.
"""

from __future__ import annotations

from collections.abc import Mapping

from ztctl.ssh.yaml_text import quoted

SCRIPT = "install.sh"

_TASKS = """\
---
- name: Make the folder of the bundle
  ansible.builtin.file:
    path: "{{ ztctl_folder }}"
    state: directory
    mode: "0755"
  check_mode: false

- name: Copy the bundle
  ansible.builtin.copy:
    src: "{{ item.name }}"
    dest: "{{ ztctl_folder }}/{{ item.name }}"
    mode: "{{ item.mode }}"
  loop:
@FILES@
  loop_control:
    label: "{{ item.name }}"
  # A dry run of the script needs them there.
  check_mode: false

- name: Run the script
  ansible.builtin.command:
    argv: >-
      {{ ['sh', ztctl_folder ~ '/install.sh']
         + (['--root', ztctl_root] if ztctl_root else [])
         + (['--connector'] if ztctl_connector else [])
         + (['--cloudflared', ztctl_cloudflared] if ztctl_cloudflared else [])
         + (['--replace-connector'] if ztctl_replace_connector else [])
         + (['--dry-run'] if ansible_check_mode else [])
         + ztctl_options }}
    stdin: "{{ ztctl_tunnel_token if ztctl_connector else '' }}"
  register: ztctl_run
  changed_when: ztctl_run.stdout is search('(?m)^(wrote|made|installing|[+]{3}) |would be')
  # What it says is shown below; it never says the token.
  failed_when: false
  check_mode: false
  no_log: "{{ ztctl_connector | bool }}"

- name: Say what it said
  ansible.builtin.assert:
    that: ztctl_run.rc == 0
    success_msg: "{{ ztctl_run.stdout_lines }}"
    fail_msg: "{{ ztctl_run.stderr_lines + ztctl_run.stdout_lines }}"
"""

_DEFAULTS = """\
---
# Where the bundle lies on the server.
ztctl_folder: @FOLDER@
# Further options of the script, such as [--account, jdoe].
ztctl_options: []
# Work on the files below this folder, as for an image: nothing is reloaded.
ztctl_root: ""

# Run the tunnel's connector on this server, too.
ztctl_connector: @CONNECTOR@
# Its token: a secret, to be kept by ansible-vault, or looked up:
#   ztctl_tunnel_token: "{{ lookup('ansible.builtin.pipe', 'ztctl tunnel token NAME') }}"
# Where the server has it already, it may be empty.
ztctl_tunnel_token: ""
# A file of cloudflared on the server, in place of Cloudflare's package.
ztctl_cloudflared: ""
# Take the place of a service that runs another tunnel.
ztctl_replace_connector: false
"""

_SPECS = """\
---
argument_specs:
  main:
    short_description: @ABOUT@
    options:
      ztctl_folder: {type: path, description: "Where the bundle lies on the server."}
      ztctl_options: {type: list, elements: str, description: "Further options of the script."}
      ztctl_root: {type: str, description: "Work on the files below this folder."}
      ztctl_connector: {type: bool, description: "Run the tunnel's connector here, too."}
      ztctl_tunnel_token: {type: str, no_log: true, description: "The token of the tunnel."}
      ztctl_cloudflared: {type: str, description: "A file of cloudflared on the server."}
      ztctl_replace_connector: {type: bool, description: "In place of another tunnel's service."}
"""

_META = """\
---
galaxy_info:
  role_name: ztctl_@NAME@
  author: ztctl
  description: @ABOUT@
  license: Apache-2.0
  min_ansible_version: "2.14"
dependencies: []
"""


def ansible_role(bundle: Mapping[str, str], stack: str, *, alone: bool = False) -> dict[str, str]:
    """The texts of a role's files by their paths.

    Args:
        bundle: the texts of the bundle's files by their names, ``install.sh`` among them.
        stack: whose it is.
        alone: whether it is for a machine that runs a connector, and nothing else.
    """
    about = quoted(f"Logins by certificates that Cloudflare Access signs (stack {stack})")
    listed = [
        f'    - {{name: {quoted(name)}, mode: "{"0755" if name == SCRIPT else "0644"}"}}'
        for name in sorted(bundle)
    ]
    replaced = {
        "@FILES@": "\n".join(listed),
        "@FOLDER@": quoted(f"/var/lib/ztctl/{stack}"),
        "@CONNECTOR@": str(alone).lower(),
        "@ABOUT@": about,
        "@NAME@": stack.replace("-", "_"),
    }
    made = {
        "tasks/main.yml": _TASKS,
        "defaults/main.yml": _DEFAULTS,
        "meta/argument_specs.yml": _SPECS,
        "meta/main.yml": _META,
    }
    for word, text in replaced.items():
        made = {path: found.replace(word, text) for path, found in made.items()}
    return {**made, **{f"files/{name}": text for name, text in bundle.items()}}
