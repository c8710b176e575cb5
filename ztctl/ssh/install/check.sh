
# --- check: what keeps people out. `sshd -t` finds almost none of it: not a missing file, not a
# setting that another one shadows, not a Match that takes it back. ---

# set_at KEYWORD: where it is set: for everybody the first counts, and each Match may differ.
set_at() {
    walk | awk -F '\t' -v keyword="$1" '
        $3 == keyword && ($1 == "match" || !n++) { printf "%s%s", sep, $2; sep = ", " }
        END { if (!sep) printf "by default" }'
}

# is_in WORD LIST: whether a list parted by commas has it.
is_in() { case ",$2," in *",$1,"*) return 0 ;; *) return 1 ;; esac; }

# judge ACCOUNT WHOM: the settings in force for it, and how people are told of it.
SOMEBODY=ztctl-somebody
judge() {
    if ! settings_for "$1"; then
        report FAIL H1 "sshd refuses its configuration: $(said)"
        return
    fi
    before=$FAILURES
    [ "$(value pubkeyauthentication)" = yes ] ||
        report FAIL H2 "PubkeyAuthentication is no for $2 ($(set_at pubkeyauthentication))"
    judge_ca "$2"
    if knows casignaturealgorithms; then
        is_in ecdsa-sha2-nistp256 "$(value casignaturealgorithms)" ||
            report FAIL H4 "CASignatureAlgorithms lacks ecdsa-sha2-nistp256 for $2 ($(set_at casignaturealgorithms))"
    fi
    for keyword in pubkeyacceptedalgorithms pubkeyacceptedkeytypes; do
        ! knows "$keyword" || is_in "$CERTIFICATE" "$(value "$keyword")" ||
            report FAIL H4 "$keyword lacks $CERTIFICATE for $2 ($(set_at "$keyword"))"
    done
    judge_revoked "$2"
    case " $(value authenticationmethods) " in
        ' any ' | '  ' | *' publickey '*) ;;
        *) report FAIL H7 "AuthenticationMethods asks $2 for more than a certificate ($(set_at authenticationmethods))" ;;
    esac
    [ "$FAILURES" != "$before" ] || [ "$1" != "$SOMEBODY" ] ||
        report ok H2 "sshd takes certificates"
}

judge_ca() {
    ca=$(value trustedusercakeys)
    where="TrustedUserCAKeys, $(set_at trustedusercakeys)"
    case $ca in
        none | '') report FAIL H2 "TrustedUserCAKeys is not set for $1" "run install.sh" ;;
        *)
            if [ ! -e "$ROOT$ca" ]; then
                report FAIL H3 "$ca is missing ($where)"
            elif [ ! -f "$ROOT$ca" ]; then
                report FAIL H3 "$ca is no file ($where)"
            else
                judge_ca_file "$ROOT$ca" "$1"
            fi
            ;;
    esac
}

judge_ca_file() { # FILE WHOM
    keys_in "$1" >"$WORK/trusted"
    keys_in "$HERE/ca.pub" >"$WORK/ours"
    while read -r type key; do
        grep -qxF "$type $key" "$WORK/trusted" ||
            report FAIL H3 "$1, which sshd reads for $2, lacks a CA key: $(name_of_key "$key")" "run install.sh"
    done <"$WORK/ours"
    stop=$(keys_in "$1" bad)
    [ -z "$stop" ] || report warn H3 "$1:$stop is no key, and sshd reads no further" \
        "one key a line, unbroken, with nothing before its type"
    [ -z "$(find "$1" -prune \( -perm -020 -o -perm -002 -o ! -user 0 \))" ] ||
        report FAIL H3 "$1 can be written by others than root, who could add a CA" "chown root, chmod 644"
}

# name_of_key KEY: the comment before it in the bundle.
name_of_key() { awk -v key="$1" '/^#/ { last = substr($0, 3) } $2 == key { print last }' "$HERE/ca.pub"; }

judge_revoked() {
    revoked=$(value revokedkeys)
    case $revoked in none | '') return ;; esac
    if [ ! -f "$ROOT$revoked" ]; then
        report FAIL H6 "RevokedKeys $revoked is missing, so sshd refuses every key ($(set_at revokedkeys))" \
            "make it, empty"
        return
    fi
    keys_in "$HERE/ca.pub" >"$WORK/ours"
    while read -r type key; do
        printf '%s %s\n' "$type" "$key" >"$WORK/line"
        grep -qF "$key" "$ROOT$revoked" || { has ssh-keygen && [ -s "$ROOT$revoked" ] &&
            ssh-keygen -Q -f "$ROOT$revoked" "$WORK/line" 2>/dev/null | grep -q REVOKED; } &&
            report FAIL H6 "$revoked revokes a CA key: $(name_of_key "$key")"
    done <"$WORK/ours"
}

# path_trouble FILE ACCOUNT READ: why an account cannot read a file, or sshd would not trust it.
path_trouble() {
    step=$1
    while :; do
        # shellcheck disable=SC2012  # ls is where both busybox and coreutils tell mode and owner
        stated=$(ls -Lldn "$step" | awk '{ print $1, $3 }')
        mode=${stated%% *}
        owner=${stated##* }
        [ "$owner" = 0 ] || [ "$owner" = "$(field "$2" 3)" ] || say "$step is of another owner"
        case $mode in ?????w* | ????????w*) say "others than its owner can write $step" ;; esac
        if [ -n "$3" ] && [ "$owner" = 0 ] && [ "$2" != root ]; then
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
    file=$(value authorizedprincipalsfile)
    command=$(value authorizedprincipalscommand)
    case $command in none | '') command= ;; esac
    case $file in
        none | '') [ -n "$command" ] || return 0 ;;
        *)
            path=$(printf '%s' "$file" | sed "s|%u|$1|g; s|%h|$(field "$1" 6)|g; s|%U|$(field "$1" 3)|g; s|%%|%|g")
            case $path in /*) ;; *) path=$(field "$1" 6)/$path ;; esac
            if [ -f "$ROOT$path" ]; then
                trouble=$(path_trouble "$ROOT$path" "$1" yes)
                [ -z "$trouble" ] || report FAIL H5 "$path is not trusted: $trouble"
                for name in $(names_for "$1"); do
                    grep -q "^\(.*[[:space:]]\)*${name}[[:space:]]*\$" "$ROOT$path" || [ -n "$command" ] ||
                        report FAIL H5 "$path lacks the name $name" "without it nobody of that name logs in as $1"
                done
            elif [ -z "$command" ]; then
                report FAIL H5 "$path is missing: nobody logs in as $1" "$(set_at authorizedprincipalsfile)"
            fi
            ;;
    esac
    [ -n "$command" ] || return 0
    [ "$(value authorizedprincipalscommanduser)" != none ] ||
        report FAIL H5 "AuthorizedPrincipalsCommand has no AuthorizedPrincipalsCommandUser, so sshd skips it for $1"
    program=${command%% *}
    if [ ! -x "$ROOT$program" ]; then
        report FAIL H5 "AuthorizedPrincipalsCommand: there is no program $program"
    else
        trouble=$(path_trouble "$ROOT$program" root '')
        [ -z "$trouble" ] || report FAIL H5 "AuthorizedPrincipalsCommand is not run: $trouble"
    fi
    report note H5 "which names $program prints for $1 was not looked at"
}

# judge_account ACCOUNT: the account itself, and what sshd lets it do.
judge_account() {
    line=$(account_line "$1")
    if [ -z "$line" ]; then
        report FAIL H8 "there is no account $1" "useradd -m $1, or install.sh --users FILE"
        return
    fi
    before=$FAILURES
    shell=$(printf '%s' "$line" | cut -d : -f 7)
    case $shell in
        '') ;;
        */nologin | */false) report FAIL H8 "the shell of $1 is $shell, which ends each login" ;;
        *) [ -x "$ROOT$shell" ] || report FAIL H8 "the shell of $1 does not exist: $shell" ;;
    esac
    shadow=$(awk -F : -v name="$1" '$1 == name { print $2 ":" $8 }' "$ROOT/etc/shadow" 2>/dev/null)
    case $shadow in
        '!'*) [ "$(value usepam)" = yes ] || report FAIL H8 "$1 is locked, because sshd runs without PAM" "usermod -p '*' $1" ;;
    esac
    expires=${shadow##*:}
    [ -z "$expires" ] || [ "$expires" -gt $(($(date +%s) / 86400)) ] ||
        report FAIL H8 "the account $1 has expired" "chage -E -1 $1"
    judge_lists "$1"
    [ "$1" != root ] || [ "$(value permitrootlogin)" != no ] ||
        report FAIL H9 "PermitRootLogin is no ($(set_at permitrootlogin))"
    judge_principals "$1"
    [ "$FAILURES" != "$before" ] || report ok H8 "$1 can log in, by a certificate for $(names_for "$1" | tr '\n' ' ')"
}

# matches NAME KEYWORD: whether a list of sshd names it; a host after @ was not looked at.
matches() {
    sed -n "s/^$2 //p" "$WORK/settings" | tr ' ' '\n' >"$WORK/patterns"
    while read -r pattern; do
        # shellcheck disable=SC2254  # a pattern
        case $1 in ${pattern%%@*}) return 0 ;; esac
    done <"$WORK/patterns"
    return 1
}

judge_lists() {
    groups=$(id -Gn "$1" 2>/dev/null)
    ! matches "$1" denyusers || report FAIL H9 "DenyUsers has $1 ($(set_at denyusers))"
    ! knows allowusers || matches "$1" allowusers ||
        report FAIL H9 "AllowUsers lacks $1 ($(set_at allowusers))" "\`AllowUsers $1\` adds to what is there"
    allowed=
    for group in $groups; do
        ! matches "$group" denygroups || report FAIL H9 "DenyGroups has $group, of which $1 is ($(set_at denygroups))"
        ! matches "$group" allowgroups || allowed=yes
    done
    ! knows allowgroups || [ -n "$allowed" ] ||
        report FAIL H9 "AllowGroups has no group of $1 ($(set_at allowgroups))"
}

# judge_machine: what is neither a setting nor an account.
judge_machine() {
    # Of 9.8: failures of one user count against the address that all share behind a connector.
    ! knows persourcepenaltyexemptlist || [ "$(value persourcepenalties)" = no ] || is_in 127.0.0.1 "$(value persourcepenaltyexemptlist)" ||
        report warn H10 "failed logins of one user keep out all that come through the connector" \
            "PerSourcePenaltyExemptList 127.0.0.1,::1"
    [ "$(value loglevel)" != INFO ] ||
        report note H10 "at LogLevel INFO sshd does not log which CA it refuses; VERBOSE does"
    for file in /etc/nologin /run/nologin; do
        [ ! -e "$ROOT$file" ] || report FAIL H8 "$file is there: only root logs in"
    done
    walk | awk -F '\t' '$3 == "trustedusercakeys" && $1 == "global" && n++ { print $2 }' >"$WORK/lines"
    while read -r place; do
        report warn H11 "TrustedUserCAKeys of $place has no effect: another one comes before it"
    done <"$WORK/lines"
    [ -z "$ROOT" ] || return 0
    if has timedatectl && [ "$(timedatectl show -p NTPSynchronized --value 2>/dev/null)" = no ]; then
        report warn H12 "the clock is not synchronised; certificates last minutes" "timedatectl set-ntp true"
    else
        report note H12 "the clock says $(date -u '+%Y-%m-%d %H:%M:%S') UTC; certificates last minutes"
    fi
    if has getenforce && [ "$(getenforce)" = Enforcing ]; then
        restorecon -nvR /etc/ssh 2>/dev/null | grep -q ztctl &&
            report FAIL H16 "SELinux keeps sshd from files of /etc/ssh" "restorecon -vR /etc/ssh"
    fi
    judge_listener
}

# judge_listener: whether anybody answers where the tunnel leads to by default.
judge_listener() {
    has ssh-keyscan || { report note H15 "whether sshd answers was not looked at: no ssh-keyscan"; return; }
    port=$(value port)
    if ssh-keyscan -T 3 -p "${port:-22}" 127.0.0.1 2>/dev/null | grep -q .; then
        report ok H15 "sshd answers on 127.0.0.1, port ${port:-22}"
    else
        report warn H15 "nobody answers on 127.0.0.1, port ${port:-22}" "is sshd running? does it listen there?"
    fi
}

# host_keys: public keys, one a line, for known_hosts of clients.
host_keys() {
    settings_for root || fail "sshd refuses its configuration: $(said)"
    sed -n 's/^hostkey //p' "$WORK/settings" | while read -r file; do
        if [ -f "$ROOT$file.pub" ]; then
            awk '{ print $1, $2 }' "$ROOT$file.pub"
        elif [ -f "$ROOT$file" ]; then
            ssh-keygen -y -f "$ROOT$file" </dev/null 2>/dev/null | awk '{ print $1, $2 }'
        fi
    done
}

# local_accounts: of people, as far as an account tells.
local_accounts() {
    awk -F : '$3 >= 1000 && $3 < 60000 && $7 !~ /(nologin|false)$/ { print $1 }' "$ROOT/etc/passwd" |
        head -n 20
}

# named_accounts: who is to log in, as far as somebody said.
named_accounts() {
    { users_lines | awk '{ print $2 }' && printf '%s\n' "$ACCOUNTS" | tr ' ' '\n'; } |
        awk 'NF && !seen[$1]++'
}

sshd_check() {
    if ! sshd_says -t >"$WORK/said" 2>&1; then
        report FAIL H1 "sshd refuses its configuration: $(said)"
        return
    fi
    judge "$SOMEBODY" everybody
    cp "$WORK/settings" "$WORK/settings.everybody"
    judge_machine
    named=$(named_accounts)
    for account in ${named:-$(local_accounts)}; do
        settings_for "$account"
        # What holds for everybody was told.
        cmp -s "$WORK/settings" "$WORK/settings.everybody" || judge "$account" "$account"
        judge_account "$account"
    done
    [ -n "$named" ] || report note H8 "these are accounts of this machine; --account NAME asks for one"
}
