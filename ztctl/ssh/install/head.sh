#!/bin/sh
# install.sh: people log in to this server by certificates that Cloudflare Access signs.
#
# Made by ztctl for @FOR@ (stack @STACK@). It holds no secret, and loads nothing from
# anywhere but cloudflared, with --connector. As root it changes what stands at the head of each
# part below, and nothing else.
#
# When something fails, every file is put back as it was.

set -u
LC_ALL=C
export LC_ALL
umask 022
PATH=$PATH:/usr/sbin:/sbin:/usr/local/sbin

STACK=@STACK@
HERE=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
# How somebody called this, for what is to be typed next; a program that runs it says so itself.
CALLED=${ZTCTL_CALLED:-sh $0}
BACKUP=/etc/ssh/ztctl_backup/$STACK

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
