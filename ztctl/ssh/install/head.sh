#!/bin/sh
# install.sh: people log in to this server by certificates that Cloudflare Access signs.
#
# Made by ztctl for @FOR@ (stack @STACK@). It holds no secret and loads nothing from
# anywhere, except cloudflared with --connector. As root it changes, and nothing else:
#
#   /etc/ssh/ztctl_ca.pub                         the CA keys that sshd trusts (or, where sshd
#                                                 trusts a file of such keys, lines at its top)
#   /etc/ssh/sshd_config.d/00-ztctl-@STACK@.conf  sshd's settings (or, where sshd reads no such
#                                                 file, marked lines in /etc/ssh/sshd_config)
#   /etc/ssh/ztctl_principals/                    who logs in as an account of another name
#   /etc/ssh/ztctl_backup/@STACK@/                all of these files as they were before
#   accounts, with --users; cloudflared and its service, with --connector
#
# Every change is judged by sshd itself (sshd -t, sshd -T) and by a login on a second sshd before
# the running one reads it; when one of them fails, every file is put back.

set -u
LC_ALL=C
export LC_ALL
umask 022
PATH=$PATH:/usr/sbin:/sbin:/usr/local/sbin

STACK=@STACK@
HERE=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
CONF=/etc/ssh/sshd_config
DROPIN=/etc/ssh/sshd_config.d/00-ztctl-$STACK.conf
CA=/etc/ssh/ztctl_ca.pub
PRINCIPALS=/etc/ssh/ztctl_principals
BACKUP=/etc/ssh/ztctl_backup/$STACK
CERTIFICATE=ecdsa-sha2-nistp256-cert-v01@openssh.com

ROOT=          # --root: where the server's files are
DRY_RUN=       # --dry-run
FAILURES=0
COUNT=0        # of files staged and saved
UNDO=          # set while a failure has to put everything back
WORK=
RELOADED=
WITH_SSHD=      # which parts this file has
WITH_CONNECTOR=

say() { printf '%s\n' "$*"; }

# fail SUMMARY [REMEDY]: end, and put back what was changed.
fail() {
    printf 'install.sh: %s\n' "$1" >&2
    [ $# -lt 2 ] || printf '  %s\n' "$2" >&2
    exit 1
}

# report STATUS CODE TEXT [REMEDY]: one line of a check.
report() {
    [ "$1" != FAIL ] || FAILURES=$((FAILURES + 1))
    printf '%-5s %-4s %s\n' "$1" "$2" "$3"
    [ $# -lt 4 ] || printf '           %s\n' "$4"
}

nap() { sleep 0.1 2>/dev/null || sleep 1; }

has() { command -v "$1" >/dev/null 2>&1; }

# One end for all: what is half done is undone, also when somebody interrupts.
finish() {
    code=$?
    trap '' INT TERM HUP
    [ -z "$WITH_SSHD" ] || stop_second
    [ -z "$UNDO" ] || undo_all
    [ -z "$WORK" ] || rm -rf "$WORK"
    exit "$code"
}
