
# --- main ---

usage() {
    cat <<'END'
Usage: sh install.sh [install|check|uninstall|host-keys] [OPTION]...

  install            do it (the default)
  check              say what keeps people from logging in, and print the host keys
  uninstall          put everything back as it was
  host-keys          print the host keys, for known_hosts of clients

  --dry-run          show what would change, and change nothing
  --root DIR         work on the files below DIR: no accounts, no login test, no reload
END
    [ -z "$WITH_SSHD" ] || sshd_usage
    [ -z "$WITH_CONNECTOR" ] || connector_usage
}

wrong_usage() {
    usage >&2
    exit 64
}

read_options() {
    while [ $# -gt 0 ]; do
        case $1 in
            install | check | uninstall | host-keys) MODE=$1 ;;
            --dry-run) DRY_RUN=yes ;;
            --connector) CONNECTOR=yes ;;
            --root)
                [ $# -gt 1 ] || wrong_usage
                ROOT=$(CDPATH='' cd -- "$2" && pwd -P) || exit 64
                shift
                ;;
            -h | --help)
                usage
                exit 0
                ;;
            *)
                # The options of a part are read there; TAKEN counts the words beside the first.
                TAKEN=0
                if [ -n "$WITH_SSHD" ] && sshd_option "$@"; then
                    :
                elif [ -z "$WITH_CONNECTOR" ] || ! connector_option "$@"; then
                    wrong_usage
                fi
                shift "$TAKEN"
                ;;
        esac
        shift
    done
    [ "$ROOT" != / ] || ROOT=
    [ -z "$CONNECTOR" ] || [ -n "$WITH_CONNECTOR" ] || fail "this bundle has no connector" \
        "render it again"
}

# begin: from here on a failure puts back what follows.
begin() {
    : >"$WORK/staged"
    : >"$WORK/undo"
    rm -f "$WORK/changed"
    RELOADED=
    UNDO=yes
}

# run MODE: of sshd, if this bundle is for it, and of the connector, if it is asked for.
run() {
    if [ -n "$WITH_SSHD" ]; then
        begin
        "sshd_$1"
        UNDO=
    else
        CONNECTOR=yes
    fi
    # What was installed is checked without being asked for again.
    if [ "$1" = check ] && [ -n "$WITH_CONNECTOR" ] && [ -d "$ROOT$CONNECTOR_BACKUP" ]; then
        CONNECTOR=yes
    fi
    [ -n "$CONNECTOR" ] || return 0
    begin
    "connector_$1"
    UNDO=
}

MODE=install
CONNECTOR=
read_options "$@"
[ "$(id -u)" = 0 ] || fail "this needs root" "sudo sh $0 $*"
WORK=$(mktemp -d) || exit 1
trap finish EXIT
trap 'exit 130' INT TERM HUP
case $MODE in
    install | uninstall) run "$MODE" ;;
    check)
        run check
        [ "$FAILURES" = 0 ] || exit 1
        ;;
    host-keys)
        [ -n "$WITH_SSHD" ] || wrong_usage
        begin
        find_sshd || fail "sshd refuses its configuration: $(said)"
        host_keys
        ;;
esac
