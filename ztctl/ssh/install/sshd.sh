
# --- sshd ---
#
#   /etc/ssh/ztctl_ca.pub                         the CA keys that sshd trusts (or, where sshd
#                                                 trusts a file of such keys, lines at its top)
#   /etc/ssh/sshd_config.d/00-ztctl-@STACK@.conf  sshd's settings (or, where sshd reads no such
#                                                 file, marked lines in /etc/ssh/sshd_config)
#   /etc/ssh/ztctl_principals/                    who logs in as an account of another name
#   /etc/ssh/ztctl_backup/@STACK@/                all of these files as they were before
#   accounts, where `users` or --users FILE names some that are missing
#
# The new files are judged by sshd itself and by a login on a second sshd, before the running one
# reads them.

WITH_SSHD=yes
CONF=/etc/ssh/sshd_config
DROPIN=/etc/ssh/sshd_config.d/00-ztctl-$STACK.conf
CA=/etc/ssh/ztctl_ca.pub
PRINCIPALS=/etc/ssh/ztctl_principals
CERTIFICATE=ecdsa-sha2-nistp256-cert-v01@openssh.com
USERS=          # --users: a file of accounts
ACCOUNTS=       # --account: who else is to log in
LOGIN_TEST=yes  # --no-login-test
REMOVE_ACCOUNTS= # --remove-accounts
second= # of the login test: the process of sshd, and of ssh
client=

# walk [COPY]: every setting, in the order in which sshd reads it, one a line, parted by tabs:
# global or match, FILE:LINE, keyword, arguments. With COPY also writes a copy of the configuration
# to COPY, COPY.1, ...: with Include leading to the copies and without what a second sshd must
# not have, and with SCRATCH_CA in place of the CA file.
walk() {
    awk -v root="$ROOT" -v main="$CONF" -v copy="${1-}" -v live="$CA" \
        -v scratch="${SCRATCH_CA-}" '
    function read(file, context, out, depth,   line, n, keyword, rest) {
        while ((getline line < (root file)) > 0) {
            n++
            sub(/\r$/, "", line)
            sub(/^[ \t]+/, "", line)
            if (line == "" || line ~ /^#/) continue
            keyword = tolower(line)
            sub(/[ \t=].*/, "", keyword)
            rest = line
            sub(/^[^ \t=]+[ \t]*=?[ \t]*/, "", rest)
            if (keyword == "match") context = "match"
            print context "\t" file ":" n "\t" keyword "\t" rest
            if (keyword == "include") line = included(rest, context, depth)
            if (keyword == "trustedusercakeys" && scratch != "" && unquoted(rest) == live)
                line = "TrustedUserCAKeys " scratch
            if (copy != "" && keyword !~ /^(port|listenaddress|pidfile)$/) print line > out
        }
        close(root file)
        if (copy != "") { printf "" > out; close(out) }
    }
    function quoted(text) { gsub(/\047/, "\047\\\047\047", text); return "\047" text "\047" }
    function unquoted(text) { gsub(/"/, "", text); sub(/[ \t]+$/, "", text); return text }
    function included(patterns, context, depth,   words, k, n, cmd, file, files, i, all, to) {
        k = split(unquoted(patterns), words, /[ \t]+/)
        for (i = 1; i <= k; i++) {
            # A relative path is below /etc/ssh. What a shell would take for more than a pattern
            # is not handed to one.
            if (words[i] !~ /^\//) words[i] = "/etc/ssh/" words[i]
            if (words[i] ~ /[^A-Za-z0-9_.\/*?\[\]+@:,~-]/ || depth > 15) continue
            cmd = "ls -d " quoted(root) words[i] " 2>/dev/null"
            while ((cmd | getline file) > 0) files[++n] = substr(file, length(root) + 1)
            close(cmd)
        }
        for (i = 1; i <= n; i++) {
            to = copy "." ++copies
            read(files[i], context, to, depth + 1)
            all = all " " to
        }
        return all == "" ? "# Include of nothing" : "Include" all
    }
    BEGIN { read(main, "global", copy, 0) }'
}

# sshd_says OPTION...: what sshd says of its configuration. Below another root of a copy, in which
# the paths of Include are those of that root. A relative path is below the folder where it is
# started, which for a service is /.
sshd_says() (
    cd / || exit
    if [ -n "$ROOT" ]; then
        walk "$WORK/judged" >/dev/null
        set -- -f "$WORK/judged" "$@"
    fi
    "$SSHD" "$@"
)

# said: why sshd refused what it was last asked; its lines end as those of a terminal.
said() { head -n 1 "$WORK/said" | tr -d '\r'; }

# settings_of ACCOUNT: the settings in force for it, into a file that `get` reads. Fails where sshd
# refuses its configuration: -T checks all that -t does.
settings_of() {
    # A Match of a local address or port wants to hear of both.
    connection=host=$PEER,addr=127.0.0.1,laddr=127.0.0.1,lport=$PORT
    sshd_says -T -C "user=$1,$connection" >"$WORK/settings" 2>"$WORK/said"
}

# get KEYWORD: its value there, as VALUE; fails where this version of sshd has no such setting.
get() {
    while read -r keyword VALUE; do
        [ "$keyword" != "$1" ] || return 0
    done <"$WORK/settings"
    VALUE=
    return 1
}

# find_sshd: where it is, and the settings that are in force for everybody; fails as settings_of.
SOMEBODY=ztctl-somebody
PEER=127.0.0.1 # by what name sshd knows a connector on this machine: an address, without UseDNS
PORT=22
find_sshd() {
    [ -n "$USERS" ] || [ ! -f "$HERE/users" ] || USERS=$HERE/users
    SSHD=$(command -v sshd) || fail "there is no sshd here" "install OpenSSH's server first"
    [ -e "$ROOT$CONF" ] || fail "there is no $ROOT$CONF" "is this OpenSSH's server?"
    settings_of "$SOMEBODY" && { get_connection; return; }
    # A folder that the service makes, and that is missing while a socket waits in its place.
    folder=$(said | sed -n 's/^Missing privilege separation directory: //p')
    [ -n "$folder" ] && mkdir -p "$folder" && settings_of "$SOMEBODY" && get_connection
}

# get_connection: what a Match may ask of a connection, from the settings that are for everybody.
get_connection() {
    get usedns && [ "$VALUE" = yes ] && PEER=localhost
    get port && PORT=$VALUE
    settings_of "$SOMEBODY"
}

# fitting: the settings on standard input as this version of sshd spells them, and without those
# that it does not have. CASignatureAlgorithms is of 7.9, PubkeyAcceptedAlgorithms was called
# PubkeyAcceptedKeyTypes before 8.5, ExposeAuthInfo is of 7.6, PerSourcePenalties of 9.8 (release
# notes of OpenSSH); sshd -T lists what a version knows.
fitting() {
    edits=
    get pubkeyacceptedalgorithms || edits="s/PubkeyAcceptedAlgorithms/PubkeyAcceptedKeyTypes/;"
    get casignaturealgorithms || edits="$edits /^CASignatureAlgorithms/d;"
    get exposeauthinfo || edits="$edits /^ExposeAuthInfo/d;"
    get persourcepenaltyexemptlist || edits="$edits /^PerSourcePenaltyExemptList/d;"
    # Before 8.7 this other word switched it on again.
    ! get challengeresponseauthentication ||
        edits="$edits /^KbdInteractive/{p;s/KbdInteractive/ChallengeResponse/;};"
    sed "$edits"
}

# --- what install writes ---

# choose_ca: the file of CA keys. One that sshd trusts already, and that holds a key, gets lines at
# its top, because sshd reads one file only: another one in its place would turn others away.
choose_ca() {
    get trustedusercakeys || return 0
    case $VALUE in
        "$CA" | none) ;;
        *) [ ! -f "$ROOT$VALUE" ] || [ -z "$(keys_in "$ROOT$VALUE")" ] || CA=$VALUE ;;
    esac
}

# keys_in FILE [bad]: type and key of each line that sshd takes as a CA key; or the number of the
# line at which it stops, because that is none (sshkey_in_file of OpenSSH; tried out with 9.2).
keys_in() {
    awk -v bad="${2-}" '
        /^[ \t]*(#|$)/ { next }
        { sub(/\r$/, "") }
        $1 !~ /^(ssh-|ecdsa-|sk-|rsa-sha2-)/ || $2 !~ /^AAAA[A-Za-z0-9+\/]+=*$/ || length($2) < 68 ||
            ($1 == "ecdsa-sha2-nistp256" && length($2) != 140) {
            if (bad) print NR
            exit
        }
        !bad { print $1, $2 }' "$1"
}

# At the top: sshd trusts no key below a line that it cannot read.
# tell_replaced: CA keys of an earlier install that go, by name: the bundle may be another host's.
tell_replaced() {
    [ -e "$ROOT$CA" ] || return 0
    sed -n "/^$BEGIN\$/,/^$END\$/s/^# \(.* \)*\(SHA256:.*\)/\2 \1/p" "$ROOT$CA" |
        while read -r print name; do
            grep -qF " $print" "$HERE/ca.pub" || say "replaces the CA key of $name: $print"
        done
}

# check_bundle: end where a file of the bundle is not whole, before anything is done.
check_bundle() {
    again="copy the bundle to this machine once more"
    for file in ca.pub sshd.conf; do
        [ -s "$HERE/$file" ] || fail "$HERE/$file is missing or empty; nothing was changed" "$again"
    done
    keys_in "$HERE/ca.pub" >"$WORK/ours"
    [ -z "$(keys_in "$HERE/ca.pub" bad)" ] && whole_keys <"$WORK/ours" | cmp -s - "$WORK/ours" ||
        fail "$HERE/ca.pub has a line that is no whole key; nothing was changed" "$again"
    [ -s "$WORK/ours" ] || fail "there is no CA key in $HERE/ca.pub; nothing was changed" "$again"
}

stage_ca() {
    mode=keep
    [ "$CA" != /etc/ssh/ztctl_ca.pub ] || mode=644
    text_of "$CA"
    tell_replaced
    marked "$HERE/ca.pub" | cat - "$WORK/text" >"$WORK/new" || no_draft
    mv "$WORK/new" "$WORK/text"
    stage "$CA" "$mode"
}

# want_settings: sshd.conf of the bundle for this sshd, and who may log in as whom.
want_settings() {
    if [ "$CA" = /etc/ssh/ztctl_ca.pub ]; then
        cat "$HERE/sshd.conf"
    else
        grep -v '^TrustedUserCAKeys' "$HERE/sshd.conf"
    fi | fitting >"$WORK/wanted"
    for account in $(mapped_accounts); do
        printf '\nMatch User %s\n    AuthorizedPrincipalsFile %s/%%u\n' "$account" "$PRINCIPALS"
    done >>"$WORK/wanted"
}

# place_of_settings: `dropin` where sshd reads that folder for everybody, and nothing that it reads
# before says otherwise, for the first value counts; else `main`. Without Include (before 8.2, and
# on RHEL 8) there is no such folder, or nobody reads it.
place_of_settings() {
    walk | awk -F '\t' -v wanted="$WORK/wanted" -v folder="$(dirname "$DROPIN")/" \
        -v mine="$DROPIN" '
        BEGIN {
            while ((getline line < wanted) > 0) {
                if (line ~ /^Match/) break
                sub(/[ \t].*/, "", line)
                ours[tolower(line)] = 1
            }
        }
        { file = $2; sub(/:[0-9]+$/, "", file); inside = index(file, folder) == 1 }
        found && (!inside || file >= mine) { exit }
        $3 in ours { found = 0; exit }
        $1 == "match" && !found { exit }
        $3 == "include" && !inside {
            path = $4
            gsub(/"/, "", path)
            if (path !~ /^\//) path = "/etc/ssh/" path
            if (index(path, folder "*.conf") == 1) found = 1
        }
        END { print found ? "dropin" : "main" }'
}

# stage_settings: in a file that is read before others, or in marked lines of the main file: at its
# top what is for everybody, and at its end what begins with Match, which lasts to a file's end.
stage_settings() {
    want_settings
    if [ -d "$ROOT$(dirname "$DROPIN")" ] && [ "$(place_of_settings)" = dropin ]; then
        printf '# ztctl %s: install.sh uninstall takes this file away.\n' "$STACK" |
            cat - "$WORK/wanted" >"$WORK/text" || no_draft
        stage "$DROPIN" 644
        text_of "$CONF"
        ! grep -q "^$BEGIN\$" "$ROOT$CONF" || stage "$CONF" keep
        return
    fi
    [ ! -e "$ROOT$DROPIN" ] || stage "$DROPIN" gone
    text_of "$CONF"
    sed '/^Match/,$d' "$WORK/wanted" >"$WORK/top"
    sed -n '/^Match/,$p' "$WORK/wanted" >"$WORK/end"
    [ ! -s "$WORK/end" ] || marked "$WORK/end" >>"$WORK/text" || no_draft
    marked "$WORK/top" | cat - "$WORK/text" >"$WORK/new" || no_draft
    mv "$WORK/new" "$WORK/text"
    stage "$CONF" keep
}

# --- a login on a second sshd ---

# login_test ACCOUNT NAME: log in as ACCOUNT with a certificate for NAME, on a second sshd on
# loopback that has the same files. A CA made for this moment stands in for the CA keys, in
# the second sshd alone: the running one never trusts it. Nothing is run as ACCOUNT.
login_test() {
    say "trying a login as $1 on a second sshd"
    [ -e "$WORK/proof_ca" ] || ssh-keygen -q -t ecdsa -b 256 -N '' -C proof -f "$WORK/proof_ca" &&
        { [ -e "$WORK/id" ] || ssh-keygen -q -t ecdsa -b 256 -N '' -C proof -f "$WORK/id"; } &&
        ssh-keygen -q -s "$WORK/proof_ca" -I ztctl-login-test -n "$2" -V -5m:+5m \
            "$WORK/id.pub" || return 1
    SCRATCH_CA=$WORK/proof_ca.pub
    walk "$WORK/second" >/dev/null
    set -- "$1" $((20000 + $$ % 20000))
    for offset in 1 2 3 4 5; do
        start_second $(($2 + offset)) && break
    done
    [ -n "$second" ] || { cat "$WORK/second.log" >&2; return 1; }
    ssh -F /dev/null -N -p $(($2 + offset)) -l "$1" -i "$WORK/id" -o BatchMode=yes \
        -o IdentitiesOnly=yes -o IdentityAgent=none -o PreferredAuthentications=publickey \
        -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null \
        -o GlobalKnownHostsFile=/dev/null 127.0.0.1 </dev/null >/dev/null 2>&1 &
    client=$!
    tries=0
    accepted=1
    while [ "$tries" -lt 100 ]; do
        tries=$((tries + 1))
        ! grep -q "Accepted publickey for $1 " "$WORK/second.log" || { accepted=0; break; }
        kill -0 "$client" 2>/dev/null || [ "$tries" -gt 98 ] || tries=98
        nap
    done
    stop_second
    [ "$accepted" = 0 ] || grep -v -e 'Server listening' -e '^Connection from' "$WORK/second.log" >&2
    return "$accepted"
}

# stop_second: also when somebody interrupts: it trusts a CA that nobody else does.
stop_second() {
    [ -n "$second$client" ] || return 0
    # shellcheck disable=SC2086  # one or two
    kill $second $client 2>/dev/null
    # shellcheck disable=SC2086
    wait $second $client 2>/dev/null
    second=
    client=
}

start_second() { # PORT; sets `second`
    : >"$WORK/second.log"
    set -- -o "ListenAddress=127.0.0.1:$1" -o PidFile=none -o LogLevel=VERBOSE
    "$SSHD" -D -f "$WORK/second" -E "$WORK/second.log" "$@" &
    second=$!
    while kill -0 "$second" 2>/dev/null; do
        ! grep -q 'Server listening' "$WORK/second.log" || return 0
        nap
    done
    second=
    return 1
}

# --- the running sshd ---

# reload: have the running sshd read its files again; open sessions stay. A restart would do no
# more, and would leave nobody listening where it fails.
reload() {
    if [ -d /run/systemd/system ]; then
        for unit in ssh sshd; do
            if systemctl is-active --quiet "$unit.service"; then
                systemctl reload "$unit.service" && systemctl is-active --quiet "$unit.service"
                return
            fi
        done
        for unit in ssh sshd; do
            if systemctl is-active --quiet "$unit.socket"; then
                say "$unit.socket waits in sshd's place: the next login starts it with these files"
                return 0
            fi
        done
    elif [ -d /run/openrc ]; then
        if rc-service sshd status >/dev/null 2>&1; then rc-service sshd reload; return; fi
    elif [ -x /etc/init.d/ssh ] || [ -x /etc/init.d/sshd ]; then
        unit=ssh
        [ -x /etc/init.d/ssh ] || unit=sshd
        if has service; then service "$unit" reload; else "/etc/init.d/$unit" reload; fi
        return
    else
        get pidfile
        pid=$(cat "$VALUE" 2>/dev/null) || pid=
        if [ -n "$pid" ] && grep -qx sshd "/proc/$pid/comm" 2>/dev/null; then
            : >"$WORK/asked"
            kill -HUP "$pid" || return 1
            for try in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
                # It writes that file anew once it listens again.
                [ -z "$(find "$VALUE" -newer "$WORK/asked" 2>/dev/null)" ] || return 0
                nap
            done
            say "sshd did not come back after $try tries"
            return 1
        fi
    fi
    say "sshd does not run here as a service: it reads these files when it is started"
}
