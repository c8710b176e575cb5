"""How a connector is run as a service: texts in which the token is a file, and never itself.

The unit is the one that ``cloudflared service install`` of 2026.7.2 and newer writes (cloudflared's
source, 2026.8.2), with an address of its own for the metrics: without one it is the first free port
of five, and nobody knows where ``/ready`` answers. In containers the metrics listen on all
interfaces by default (cloudflared's source). A guess: the image runs as user 65532.
"""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass

# The first of the ports that cloudflared tries by itself.
METRICS = "127.0.0.1:20241"
PROGRAM = "/usr/bin/cloudflared"
TOKEN_FILE = "/etc/cloudflared/token"  # noqa: S105
IMAGE = "cloudflare/cloudflared:2026.8.2"
# Kubernetes takes names of 63 characters, and pods get ten more.
_LONGEST = 40
_LOCAL = re.compile(r"\w[\w+.-]*://(localhost|127\.[\d.]+|\[::1\])(:\d+)?/?", re.ASCII)


@dataclass(frozen=True, slots=True)
class ConnectorService:
    """A connector to be run.

    Attributes:
        tunnel: what people call the tunnel; untrusted text.
        program: absolute path of cloudflared.
        token_file: absolute path of the file that holds the token.
        metrics: address and port on which ``/ready`` answers.
        local: whether a rule of the tunnel leads to the machine itself.
    """

    tunnel: str
    program: str = PROGRAM
    token_file: str = TOKEN_FILE
    metrics: str = METRICS
    local: bool = False

    @property
    def title(self) -> str:
        """The tunnel, fit for a line of any of the texts."""
        return line_of(self.tunnel)

    @property
    def arguments(self) -> str:
        """What cloudflared is called with."""
        return f"--no-autoupdate tunnel --metrics {self.metrics} run --token-file {self.token_file}"


def line_of(name: str) -> str:
    """A name from the account, fit for a line of a unit, a script or YAML."""
    return re.sub(r"[^\w .:@+-]", "_", name, flags=re.ASCII)[:120]


def leads_to_itself(service: str) -> bool:
    """Whether the service of an ingress rule is on the machine of the connector."""
    return _LOCAL.fullmatch(service) is not None


def systemd_unit(service: ConnectorService) -> str:
    """The unit ``cloudflared.service``."""
    return f"""\
[Unit]
Description=cloudflared, connector of tunnel {service.title}
After=network-online.target
Wants=network-online.target

[Service]
TimeoutStartSec=15
Type=notify
ExecStart={service.program} {service.arguments}
Restart=on-failure
RestartSec=5s

[Install]
WantedBy=multi-user.target
"""


def openrc_script(service: ConnectorService) -> str:
    """The script ``/etc/init.d/cloudflared`` of OpenRC."""
    return f"""\
#!/sbin/openrc-run
# cloudflared, connector of tunnel {service.title}
supervisor=supervise-daemon
command="{service.program}"
command_args="{service.arguments}"
respawn_delay=5
respawn_max=0
output_log="/var/log/cloudflared.log"
error_log="/var/log/cloudflared.log"

depend() {{
	need net
	after firewall
}}
"""


def compose_file(service: ConnectorService) -> str:
    """A Compose file; the token is a secret read from the file ``token`` beside it."""
    network = ""
    if service.local:
        network = (
            "    # A rule of the tunnel leads to localhost: this machine, not the container.\n"
            "    network_mode: host\n"
        )
    return f"""\
# cloudflared, connector of tunnel {service.title}
# The container's user has to be able to read the token, and nobody else:
#   chmod 0400 token && sudo chown 65532 token
services:
  cloudflared:
    image: {IMAGE}
    command: >-
      tunnel --no-autoupdate --metrics {service.metrics}
      run --token-file /run/secrets/tunnel_token
    restart: unless-stopped
{network}    read_only: true
    cap_drop: [ALL]
    security_opt: ["no-new-privileges:true"]
    secrets: [tunnel_token]
    healthcheck:
      # Asks /ready, which wants a connection to Cloudflare.
      test: [CMD, cloudflared, tunnel, --metrics, "{service.metrics}", ready]
      interval: 30s
      timeout: 5s
      start_period: 30s

secrets:
  tunnel_token:
    file: ./token
"""


def kubernetes_deployment(service: ConnectorService) -> str:
    """A Deployment of two replicas; the token is in a Secret of the same name."""
    name = kubernetes_name(service.tunnel)
    port = service.metrics.rpartition(":")[2]
    asked = shlex.quote(service.title)
    return f"""\
# cloudflared, connectors of tunnel {service.title}
# The token is in a Secret:
#   ztctl tunnel token {asked} |
#     kubectl create secret generic {name} --from-file=token=/dev/stdin
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {name}
  labels: {{app.kubernetes.io/name: {name}}}
spec:
  replicas: 2
  selector:
    matchLabels: {{app.kubernetes.io/name: {name}}}
  template:
    metadata:
      labels: {{app.kubernetes.io/name: {name}}}
    spec:
      automountServiceAccountToken: false
      # A connector that ends drops the sessions that it carries: let it finish them for a while.
      terminationGracePeriodSeconds: 60
      securityContext:
        runAsNonRoot: true
        runAsUser: 65532
        runAsGroup: 65532
        fsGroup: 65532
        seccompProfile: {{type: RuntimeDefault}}
      topologySpreadConstraints:
        - maxSkew: 1
          topologyKey: kubernetes.io/hostname
          whenUnsatisfiable: ScheduleAnyway
          labelSelector:
            matchLabels: {{app.kubernetes.io/name: {name}}}
      containers:
        - name: cloudflared
          image: {IMAGE}
          args:
            - tunnel
            - --no-autoupdate
            - --metrics
            - 0.0.0.0:{port}
            - run
            - --token-file
            - /etc/cloudflared/token
          ports:
            - {{name: metrics, containerPort: {port}}}
          readinessProbe:
            httpGet: {{path: /ready, port: metrics}}
            periodSeconds: 10
          # Once it has no connection for a minute, nobody's session is on it any more.
          livenessProbe:
            httpGet: {{path: /ready, port: metrics}}
            initialDelaySeconds: 30
            periodSeconds: 10
            failureThreshold: 6
          securityContext:
            allowPrivilegeEscalation: false
            readOnlyRootFilesystem: true
            capabilities: {{drop: [ALL]}}
          resources:
            requests: {{cpu: 50m, memory: 64Mi}}
          volumeMounts:
            - {{name: token, mountPath: /etc/cloudflared, readOnly: true}}
      volumes:
        - name: token
          secret:
            secretName: {name}
            defaultMode: 288  # 0440
"""


def kubernetes_name(tunnel: str) -> str:
    """A name that Kubernetes takes (RFC 1123), made of a tunnel's."""
    plain = re.sub(r"[^a-z0-9]+", "-", tunnel.lower(), flags=re.ASCII)
    return f"cloudflared-{plain}"[:_LONGEST].strip("-")
