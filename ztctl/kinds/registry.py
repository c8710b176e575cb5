"""All kinds, in the order of creation. A new kind takes one file and one line here."""

from __future__ import annotations

from ztctl.core.model.kind import Kinds
from ztctl.kinds.access_application import AccessApplication
from ztctl.kinds.access_group import AccessGroup
from ztctl.kinds.access_policy import AccessPolicy
from ztctl.kinds.access_tag import AccessTag
from ztctl.kinds.ca_key import CaKey
from ztctl.kinds.dns_record import DnsRecord
from ztctl.kinds.gateway_email_list import GatewayEmailList
from ztctl.kinds.gateway_ip_list import GatewayIpList
from ztctl.kinds.gateway_rule import GatewayRule
from ztctl.kinds.hostname_route import HostnameRoute
from ztctl.kinds.identity_provider import IdentityProvider
from ztctl.kinds.inactive_zone import InactiveZone
from ztctl.kinds.organization import Organization
from ztctl.kinds.posture_check import PostureCheck
from ztctl.kinds.private_route import PrivateRoute
from ztctl.kinds.running_connector import RunningConnector
from ztctl.kinds.service_token import ServiceToken
from ztctl.kinds.ssh_audit_key import SshAuditKey
from ztctl.kinds.tunnel import Tunnel
from ztctl.kinds.virtual_network import VirtualNetwork
from ztctl.kinds.zone import Zone
from ztctl.kinds.zone_certificates import ZoneCertificates

KINDS = Kinds(
    (
        Zone(),
        InactiveZone(),
        ZoneCertificates(),
        IdentityProvider(),
        ServiceToken(),
        GatewayEmailList(),
        GatewayIpList(),
        PostureCheck(),
        Organization(),
        AccessTag(),
        AccessGroup(),
        AccessPolicy(),
        AccessApplication(),
        VirtualNetwork(),
        Tunnel(),
        RunningConnector(),
        PrivateRoute(),
        HostnameRoute(),
        DnsRecord(),
        CaKey(),
        SshAuditKey(),
        GatewayRule(),
    )
)
