
# --- main ---

usage() {
    cat <<'END'
Usage: sh install.sh [install|check|uninstall|host-keys] [OPTION]...

  install            make sshd trust the CA keys beside this file (the default)
  check              say what keeps people from logging in, and print the host keys
  uninstall          put everything back as it was
  host-keys          print the host keys, for known_hosts of clients

  --dry-run          show what would change, and change nothing
  --root DIR         work on the files below DIR: no accounts, no login test, no reload
  --users FILE       make these accounts, and check them (default: `users` beside this file)
  --account NAME     somebody who is to log in; may be repeated
  --no-login-test    do not try a login on a second sshd
  --remove-accounts  with uninstall: delete accounts that install made; their homes stay
END
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
            --no-login-test) LOGIN_TEST= ;;
            --remove-accounts) REMOVE_ACCOUNTS=yes ;;
            --root | --users | --account)
                [ $# -gt 1 ] || wrong_usage
                case $1 in
                    --root) ROOT=$(CDPATH='' cd -- "$2" && pwd) || exit 64 ;;
                    --users) USERS=$(readlink -f "$2") || fail "there is no users file $2" ;;
                    --account) ACCOUNTS="$ACCOUNTS $2" ;;
                esac
                shift
                ;;
            -h | --help)
                usage
                exit 0
                ;;
            *)
                # Its options are read where they are used.
                TAKEN=0
                if [ -n "$WITH_CONNECTOR" ]; then connector_option "$@" || wrong_usage; else wrong_usage; fi
                shift "$TAKEN"
                ;;
        esac
        shift
    done
    [ "$ROOT" != / ] || ROOT=
    [ -n "$USERS" ] || [ ! -f "$HERE/users" ] || USERS=$HERE/users
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
    [ -n "$CONNECTOR" ] || return 0
    begin
    "connector_$1"
    UNDO=
}

MODE=install
USERS=
ACCOUNTS=
LOGIN_TEST=yes
CONNECTOR=
REMOVE_ACCOUNTS=
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
