
# --- check: what keeps people out. `sshd -t` finds almost none of it: not a missing file, not a
# setting that another one shadows, not a Match that takes it back. ---

# By what names people log in to this machine. `-`: by its own, behind a bastion or of a wildcard.
KEY_NAMES=@KEY_NAMES@

# set_at KEYWORD: where it is set: for everybody the first counts, and each Match may differ.
set_at() {
    walk | awk -F '\t' -v keyword="$1" '
        $3 == keyword && ($1 == "match" || !n++) { printf "%s%s", sep, $2; sep = ", " }
        END { if (!sep) printf "by default" }'
}

# blame CODE KEYWORD TEXT: a failure that a setting makes, with the place of that.
blame() { report FAIL "$1" "$3 ($(set_at "$2"))"; }

# lists KEYWORD WORD: whether the value, words parted by commas, has this one; also where this
# version of sshd has no such setting.
lists() {
    get "$1" || return 0
    case ",$VALUE," in *",$2,"*) return 0 ;; *) return 1 ;; esac
}

# judge WHOM: the settings that were read last, which are in force for them.
judge() {
    before=$FAILURES
    get pubkeyauthentication
    [ "$VALUE" = yes ] || blame H2 pubkeyauthentication "PubkeyAuthentication is no for $1"
    get trustedusercakeys
    judge_ca "$VALUE" "$1"
    lists casignaturealgorithms ecdsa-sha2-nistp256 || blame H4 casignaturealgorithms \
        "CASignatureAlgorithms lacks ecdsa-sha2-nistp256 for $1"
    for keyword in pubkeyacceptedalgorithms pubkeyacceptedkeytypes; do
        lists "$keyword" "$CERTIFICATE" || blame H4 "$keyword" "$keyword lacks $CERTIFICATE for $1"
    done
    get revokedkeys && [ "$VALUE" != none ] && judge_revoked "$VALUE"
    get authenticationmethods || VALUE=any
    case " $VALUE " in
        *' any '* | *' publickey '*) ;;
        *) blame H7 authenticationmethods "AuthenticationMethods asks $1 for more than a certificate" ;;
    esac
    [ "$FAILURES" != "$before" ] || [ "$1" != everybody ] || report ok H2 "sshd takes certificates"
}

judge_ca() { # FILE WHOM
    if [ "$1" = none ]; then
        report FAIL H2 "TrustedUserCAKeys is not set for $2" "run install.sh"
    elif [ ! -e "$ROOT$1" ]; then
        blame H3 trustedusercakeys "$1 is missing: TrustedUserCAKeys"
    elif [ ! -f "$ROOT$1" ]; then
        blame H3 trustedusercakeys "$1 is no file: TrustedUserCAKeys"
    else
        judge_ca_file "$ROOT$1" "$2"
    fi
}

judge_ca_file() { # FILE WHOM
    keys_in "$1" | whole_keys >"$WORK/trusted"
    keys_in "$HERE/ca.pub" >"$WORK/ours"
    while read -r type key; do
        grep -qxF "$type $key" "$WORK/trusted" || report FAIL H3 \
            "$1, which sshd reads for $2, lacks a CA key: $(name_of_key "$key")" "run install.sh"
    done <"$WORK/ours"
    stop=$(keys_in "$1" bad)
    [ -z "$stop" ] || report warn H3 "$1:$stop is no key, and sshd reads no further" \
        "one key a line, unbroken, with nothing before its type"
    [ -z "$(find "$1" -prune \( -perm -020 -o -perm -002 -o ! -user 0 \))" ] || report FAIL H3 \
        "$1 can be written by others than root, who could add a CA" "chown root, chmod 644"
}

# whole_keys: lines of keys as far as ssh-keygen, where it is, takes them: a damaged one ends them.
whole_keys() {
    while read -r line; do
        printf '%s\n' "$line" >"$WORK/line"
        ! has ssh-keygen || ssh-keygen -l -f "$WORK/line" >/dev/null 2>&1 || break
        printf '%s\n' "$line"
    done
}

# name_of_key KEY: the comment before it in the bundle.
name_of_key() {
    awk -v key="$1" '/^#/ { last = substr($0, 3) } $2 == key { print last }' "$HERE/ca.pub"
}

judge_revoked() { # FILE: plain keys, or what `ssh-keygen -k` made
    if [ ! -f "$ROOT$1" ]; then
        blame H6 revokedkeys "RevokedKeys $1 is missing, so sshd refuses every key"
        return
    fi
    if [ "$(head -c 6 "$ROOT$1" | tr -d '\0')" != SSHKRL ]; then
        stop=$(keys_in "$ROOT$1" bad)
        [ -z "$stop" ] || blame H6 revokedkeys "$1:$stop is no key, so sshd refuses every key"
    fi
    keys_in "$HERE/ca.pub" >"$WORK/ours"
    while read -r type key; do
        printf '%s %s\n' "$type" "$key" >"$WORK/line"
        if grep -qF "$key" "$ROOT$1" ||
            { has ssh-keygen && ssh-keygen -Q -f "$ROOT$1" "$WORK/line" | grep -q REVOKED; } 2>/dev/null
        then
            blame H6 revokedkeys "$1 revokes a CA key: $(name_of_key "$key")"
        fi
    done <"$WORK/ours"
}

# path_trouble FILE ACCOUNT READ: why sshd, on behalf of an account, does not trust a file, or with
# READ cannot open it: each folder above it counts, too.
path_trouble() {
    step=$1
    uid=$(field "$2" 3)
    while :; do
        # shellcheck disable=SC2012  # stat is not everywhere, and has other options elsewhere
        read -r mode _ owner _ <<END
$(ls -Lldn "$step")
END
        [ "$owner" = 0 ] || [ "$owner" = "$uid" ] || say "$step is of another owner"
        case $mode in ?????w* | ????????w*) say "others than its owner can write $step" ;; esac
        if [ -n "$3" ] && [ "$owner" = 0 ] && [ "$uid" != 0 ]; then
            case $mode in
                d????????[xt]* | -??????r*) ;;
                *) say "$2 cannot read $step" ;;
            esac
        fi
        [ "$step" != / ] && [ "$step" != "$ROOT" ] || break
        step=$(dirname "$step")
    done | head -n 1
}

judge_principals() { # ACCOUNT
    get authorizedprincipalscommand && [ "$VALUE" != none ] || VALUE=
    program=${VALUE%% *}
    get authorizedprincipalsfile || VALUE=none
    [ "$VALUE" = none ] || judge_principals_file "$1" "$VALUE"
    [ -n "$program" ] || return 0
    get authorizedprincipalscommanduser
    if [ "$VALUE" = none ]; then
        report FAIL H5 \
            "AuthorizedPrincipalsCommand has no AuthorizedPrincipalsCommandUser; sshd skips it for $1"
    fi
    if [ ! -x "$ROOT$program" ]; then
        report FAIL H5 "AuthorizedPrincipalsCommand: there is no program $program"
    else
        trouble=$(path_trouble "$ROOT$program" root '')
        [ -z "$trouble" ] || report FAIL H5 "AuthorizedPrincipalsCommand is not run: $trouble"
    fi
    report note H5 "which names $program prints for $1 was not looked at"
}

judge_principals_file() { # ACCOUNT FILE; a program may give the names as well
    home=$(field "$1" 6)
    path=$(printf '%s' "$2" | sed "s|%u|$1|g; s|%h|$home|g; s|%U|$(field "$1" 3)|g; s|%%|%|g")
    case $path in /*) ;; *) path=$home/$path ;; esac
    if [ ! -f "$ROOT$path" ]; then
        [ -n "$program" ] || blame H5 authorizedprincipalsfile "$path is missing: nobody logs in as $1"
        return
    fi
    trouble=$(path_trouble "$ROOT$path" "$1" yes)
    [ -z "$trouble" ] || report FAIL H5 "$path is not trusted: $trouble"
    for name in $(names_for "$1"); do
        # The name is the last word before a remark; before it there may be options of sshd.
        case $(awk -v name="$name" '{ sub(/#.*/, "") } $NF == name { print NF }' "$ROOT$path" | sort -n) in
            1*) ;;
            '') [ -n "$program" ] ||
                report FAIL H5 "$path lacks the name $name" "without it nobody of that name logs in as $1" ;;
            *) doubt H5 "$path has options before the name $name, which may keep it out" ;;
        esac
    done
}

# doubt CODE TEXT [REMEDY]: a warning after which an account is not said to be fine.
doubt() {
    DOUBT=yes
    report warn "$@"
}

# judge_account ACCOUNT: the account itself, and what sshd lets it do.
judge_account() {
    line=$(account_line "$1")
    if [ -z "$line" ]; then
        report FAIL H8 "there is no account $1" "useradd -m $1, or install.sh --users FILE"
        return
    fi
    before=$FAILURES
    DOUBT=
    shell=${line##*:}
    case $shell in
        '') ;;
        */nologin | */false) report FAIL H8 "the shell of $1 is $shell, which ends each login" ;;
        *) [ -x "$ROOT$shell" ] || report FAIL H8 "the shell of $1 does not exist: $shell" ;;
    esac
    shadow=$(awk -F : -v name="$1" '$1 == name { print $2 ":" $8 }' "$ROOT/etc/shadow" 2>/dev/null)
    today=$(($(date +%s) / 86400))
    get usepam
    case $VALUE$shadow in
        yes*) ;;
        *!*) report FAIL H8 "$1 is locked, because sshd runs without PAM" "usermod -p '*' $1" ;;
    esac
    expires=${shadow##*:}
    [ -z "$expires" ] || [ "$expires" -gt "$today" ] ||
        report FAIL H8 "the account $1 has expired" "chage -E -1 $1"
    # PAM wants a new password first, which a login without one cannot give.
    [ "$VALUE" != yes ] || ! awk -F : -v name="$1" -v today="$today" '
        $1 == name && ($3 == "0" || ($3 != "" && $5 != "" && $5 >= 0 && $3 + $5 < today)) { found = 1 }
        END { exit !found }' "$ROOT/etc/shadow" 2>/dev/null ||
        report FAIL H8 "the password of $1 has expired" "chage -d $today -M -1 $1"
    judge_lists "$1"
    judge_session "$1"
    get permitrootlogin
    [ "$1" != root ] || [ "$VALUE" != no ] || blame H9 permitrootlogin "PermitRootLogin is no"
    judge_principals "$1"
    [ "$FAILURES" != "$before" ] || [ -n "$DOUBT$CLOSED" ] ||
        report ok H8 "$1 can log in, by a certificate for $(names_for "$1" | paste -s -d ' ' -)"
}

# matches KEYWORD NAME: whether a list of patterns names it; sets HOSTS to what stands after @ where
# each pattern that names it has such a part.
matches() {
    HOSTS=
    while read -r keyword pattern; do
        [ "$keyword" = "$1" ] || continue
        # shellcheck disable=SC2254  # a pattern
        case $2 in
            ${pattern%%@*})
                case $pattern in *@*) HOSTS="${HOSTS:+$HOSTS, }${pattern#*@}" ;; *) HOSTS=; return 0 ;; esac
                ;;
        esac
    done <"$WORK/settings"
    [ -n "$HOSTS" ]
}

judge_lists() { # ACCOUNT
    if matches denyusers "$1"; then
        if [ -z "$HOSTS" ]; then blame H9 denyusers "DenyUsers has $1"
        else doubt H9 "DenyUsers has $1 from $HOSTS: is the connector there?"; fi
    fi
    if get allowusers; then
        if ! matches allowusers "$1"; then blame H9 allowusers "AllowUsers lacks $1"
        elif [ -n "$HOSTS" ]; then doubt H9 "AllowUsers has $1 from $HOSTS alone: is the connector there?"; fi
    fi
    allowed=
    for group in $(id -Gn "$1" 2>/dev/null); do
        ! matches denygroups "$group" || blame H9 denygroups "DenyGroups has $group, of which $1 is"
        ! matches allowgroups "$group" || allowed=yes
    done
    ! get allowgroups || [ -n "$allowed" ] ||
        blame H9 allowgroups "AllowGroups has no group of $1"
}

judge_session() { # ACCOUNT: what a login may do
    ! get maxsessions || [ "$VALUE" != 0 ] || blame H9 maxsessions "MaxSessions is 0: no shell"
    for keyword in forcecommand chrootdirectory; do
        ! get "$keyword" || [ "$VALUE" = none ] ||
            doubt H9 "a login of $1 gets no plain shell: $keyword $VALUE ($(set_at "$keyword"))"
    done
}

# judge_machine: what is neither a setting nor an account.
judge_machine() {
    # Of 9.8: failures of one user count against the address that all share behind a connector.
    get persourcepenalties && [ "$VALUE" != no ] && ! lists persourcepenaltyexemptlist 127.0.0.1 &&
        report warn H10 "failed logins of one user keep out all that come through the connector" \
            "PerSourcePenaltyExemptList 127.0.0.1,::1"
    get loglevel
    [ "$VALUE" != INFO ] ||
        report note H10 "at LogLevel INFO sshd does not log which CA it refuses; VERBOSE does"
    for file in /etc/nologin /run/nologin; do
        [ ! -e "$ROOT$file" ] || report FAIL H8 "$file is there: only root logs in"
    done
    walk | awk -F '\t' '$3 == "trustedusercakeys" && $1 == "global" && n++ { print $2 }' >"$WORK/lines"
    while read -r place; do
        report warn H11 "TrustedUserCAKeys of $place has no effect: another one comes before it"
    done <"$WORK/lines"
    judge_terminal
    [ -n "$ROOT" ] || judge_running
}

# suits KEYWORD WORD...: one of the words is in the list, or this sshd has no such setting.
suits() {
    keyword=$1
    shift
    for word in "$@"; do
        ! lists "$keyword" "$word" || return 0
    done
    return 1
}

# judge_terminal: what the browser's terminal offers (Cloudflare documentation, browser-rendered
# SSH; of the MACs reports of users). Other clients are not concerned.
judge_terminal() {
    unsuited=
    suits kexalgorithms curve25519-sha256 curve25519-sha256@libssh.org \
        ecdh-sha2-nistp256 ecdh-sha2-nistp384 ecdh-sha2-nistp521 ||
        unsuited="KexAlgorithms without curve25519-sha256 ($(set_at kexalgorithms))"
    suits macs hmac-sha2-256 hmac-sha2-512 ||
        unsuited="${unsuited:+$unsuited, }MACs without hmac-sha2-256 ($(set_at macs))"
    if [ -n "$unsuited" ]; then
        report warn H17 "no terminal in a browser logs in here: $unsuited" \
            "nothing, unless the host has \`terminal: true\`; then let sshd offer them"
    else
        report ok H17 "key exchange and MACs suit a terminal in a browser"
    fi
}

judge_running() {
    if has timedatectl && [ "$(timedatectl show -p NTPSynchronized --value 2>/dev/null)" = no ]; then
        report warn H12 "the clock is not synchronised; certificates last minutes" "timedatectl set-ntp true"
    else
        report note H12 "the clock says $(date -u '+%Y-%m-%d %H:%M:%S') UTC; certificates last minutes"
    fi
    if has getenforce && [ "$(getenforce)" = Enforcing ] && restorecon -nvR /etc/ssh 2>/dev/null | grep -q .
    then
        report FAIL H16 "files of /etc/ssh have labels that keep sshd out" "restorecon -vR /etc/ssh"
    fi
    get port
    if ! has ssh-keyscan; then
        report note H15 "whether sshd answers was not looked at: there is no ssh-keyscan"
    elif ssh-keyscan -T 3 -p "$VALUE" 127.0.0.1 2>/dev/null | grep -q .; then
        report ok H15 "sshd answers on 127.0.0.1, port $VALUE"
    else
        report warn H15 "nobody answers on 127.0.0.1, port $VALUE" "is sshd running? does it listen there?"
    fi
}

# key_names: the names under which clients look up the host keys, parted by commas.
key_names() {
    for name in $KEY_NAMES; do
        [ "$name" != - ] || name=$(uname -n)
        say "$name"
    done | paste -s -d , -
}

# host_keys: public keys, one a line, for known_hosts of clients.
host_keys() {
    names=$(key_names)
    while read -r keyword file; do
        [ "$keyword" = hostkey ] || continue
        if [ -f "$ROOT$file.pub" ]; then
            cat "$ROOT$file.pub"
        elif [ -f "$ROOT$file" ]; then
            ssh-keygen -y -f "$ROOT$file" </dev/null 2>/dev/null
        fi
    done <"$WORK/settings" | awk -v names="$names" '{ print names, $1, $2 }'
}

# local_accounts: of people, as far as an account tells.
local_accounts() {
    awk -F : '$3 >= 1000 && $3 < 60000 && $7 !~ /(nologin|false)$/ { print $1 }' "$ROOT/etc/passwd" |
        head -n 20
}

# named_accounts: who is to log in, as far as somebody said, as NAMED.
named_accounts() {
    NAMED=$({ users_lines | awk '{ print $2 }' && printf '%s\n' "$ACCOUNTS" | tr ' ' '\n'; } |
        awk 'NF && !seen[$1]++')
}

sshd_check() {
    check_bundle
    if ! find_sshd; then
        report FAIL H1 "sshd refuses its configuration: $(said)"
        return
    fi
    judge everybody
    judge_machine
    CLOSED=
    [ "$FAILURES" = 0 ] || CLOSED=yes
    cp "$WORK/settings" "$WORK/everybody"
    named_accounts
    for account in ${NAMED:-$(local_accounts)}; do
        settings_of "$account"
        # What holds for everybody was told.
        cmp -s "$WORK/settings" "$WORK/everybody" || judge "$account"
        judge_account "$account"
    done
    [ -n "$NAMED" ] || report note H8 "these are accounts of this machine; --account NAME asks for one"
    say "
The host keys; \`sh install.sh host-keys\` prints them alone, as \`ztctl ssh client\` takes them:"
    host_keys
}
