"""A file with every sort of host that a laptop may get."""

from __future__ import annotations

HOST = "ssh.example.com"
CF = "/usr/bin/cloudflared"
FILE = """\
version: 1
stack: shop
policies:
  ops: {decision: allow, include: [{email: a@example.com}]}
tunnels:
  edge: {}
hosts:
  ssh.example.com: {tunnel: edge, service: 'ssh://10.0.0.1:22', policies: [ops]}
  own.example.com: {tunnel: edge, service: 'ssh://10.0.0.1:22', policies: [ops], ca_key: false}
  '*.dev.example.com': {tunnel: edge, service: 'ssh://10.0.0.2:22', policies: [ops]}
  '*.jump.example.com': {tunnel: edge, service: bastion, policies: [ops]}
  wiki.example.com: {tunnel: edge, service: 'http://10.0.0.3', policies: [ops]}
  bastion.example.com:
    tunnel: edge
    service: bastion
    policies: [ops]
    inner: {db1: 10.0.0.12:22}
"""
