
# --- main ---

usage() {
    cat <<'END'
Usage: sh install.sh [DEED] [OPTION]...

  install            do it (the default)
  check              say what keeps people from logging in
  uninstall          put everything back as it was
END
    [ -z "$WITH_SSHD" ] || say "  host-keys          print the host keys, for known_hosts of clients"
    cat <<'END'

  --dry-run          show what would change, and change nothing
  --root DIR         work on the files below DIR: no accounts, no login test, no service
END
    [ -z "$WITH_SSHD" ] || sshd_usage
    [ -z "$WITH_CONNECTOR" ] || connector_usage
}

# wrong_usage WHAT: end, and say what of the call is wrong.
wrong_usage() {
    printf 'install.sh: %s\n\n' "$1" >&2
    usage >&2
    exit 64
}

# wants_word OPTION [VALUE]...: end where no word follows.
wants_word() { [ $# -gt 1 ] || wrong_usage "$1 wants a word behind it"; }

read_options() {
    while [ $# -gt 0 ]; do
        case $1 in
            install | check | uninstall | host-keys)
                [ -z "$MODE" ] || wrong_usage "$MODE and $1: one of them"
                MODE=$1
                ;;
            --dry-run) DRY_RUN=yes ;;
            --connector) CONNECTOR=yes ;;
            --root)
                wants_word "$@"
                ROOT=$(CDPATH='' cd -- "$2" 2>/dev/null && pwd -P) || wrong_usage "--root: there is no folder $2"
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
                    wrong_usage "there is no word $1"
                fi
                shift "$TAKEN"
                ;;
        esac
        shift
    done
    MODE=${MODE:-install}
    [ "$ROOT" != / ] || ROOT=
    [ -z "$CONNECTOR" ] || [ -n "$WITH_CONNECTOR" ] || fail "this bundle has no connector" \
        "a tunnel with a config.yml is run by its files, as ztctl ssh guide says; else render it again"
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
    [ -n "$WITH_SSHD" ] || CONNECTOR=yes
    [ "$1$CONNECTOR" != installyes ] || connector_prepare
    if [ -n "$WITH_SSHD" ]; then
        begin
        "sshd_$1"
        UNDO=
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

MODE=
CONNECTOR=
read_options "$@"
[ "$(id -u)" = 0 ] || fail "this needs root" "sudo $CALLED $*"
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
        [ -n "$WITH_SSHD" ] || wrong_usage "there is no word host-keys: this bundle is for a connector alone"
        begin
        find_sshd || fail "sshd refuses its configuration: $(said)"
        host_keys
        ;;
esac
