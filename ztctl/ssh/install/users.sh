
# --- accounts: lines `account NAME`, `alias NAME EXISTING`, `principals ACCOUNT NAME[,NAME...]`,
# whose words are parted by tabs ---

# users_lines [KIND]: the lines of the users file, without comments.
users_lines() {
    [ -z "$USERS" ] || awk -F '\t' -v kind="${1-}" '
        { sub(/\r$/, "") }
        /^[ \t]*(#|$)/ || (kind != "" && $1 != kind) { next }
        { print $1, $2, $3 }' "$USERS"
}

mapped_accounts() { users_lines principals | awk '!seen[$2]++ { print $2 }'; }

# names_for ACCOUNT: by which names of certificates one logs in as it: mapped ones, or its own.
names_for() {
    users_lines principals | awk -v account="$1" '
        $2 == account { gsub(/,/, "\n", $3); print $3; found = 1 }
        END { if (!found) print account }'
}

# check_users_file: all that is wrong with it, before anything is done.
check_users_file() {
    [ -n "$USERS" ] || return 0
    [ -f "$USERS" ] || fail "there is no users file $USERS"
    awk -F '\t' '
        function bad(why) { printf "%s:%d: %s\n", FILENAME, FNR, why; wrong = 1 }
        function is_name(text) {
            return text ~ /^[a-zA-Z_][a-zA-Z0-9_.+-]*$/ && length(text) <= 32
        }
        { sub(/\r$/, "") }
        /^[ \t]*(#|$)/ { next }
        $1 != "account" && $1 != "alias" && $1 != "principals" {
            bad("not account, alias or principals, or not followed by a tab"); next
        }
        NF != ($1 == "account" ? 2 : 3) { bad($1 " with " NF - 1 " words"); next }
        !is_name($2) { bad("no name of an account: " $2); next }
        $1 == "alias" && !is_name($3) { bad("no name of an account: " $3) }
        $1 == "principals" {
            n = split($3, names, ",")
            for (i = 1; i <= n; i++) if (!is_name(names[i])) bad("no name: " names[i])
        }
        END { exit wrong }' "$USERS" >&2 || fail "the users file is wrong; nothing was changed"
}

# account_line ACCOUNT: its line of passwd; nothing where it does not exist.
account_line() {
    if [ -z "$ROOT" ] && has getent; then
        getent passwd "$1"
    else
        awk -F : -v name="$1" '$1 == name' "$ROOT/etc/passwd"
    fi
}

field() { account_line "$1" | cut -d : -f "$2"; }

# exists_or_comes ACCOUNT: it is there, or a line of the file makes it.
exists_or_comes() {
    [ -n "$(account_line "$1")" ] || users_lines account | grep -qxF "account $1 "
}

# check_accounts: each of --account is there, or comes by a line of the file.
check_accounts() {
    for account in $ACCOUNTS; do
        exists_or_comes "$account" || users_lines alias | grep -qF "alias $account " ||
            fail "there is no account $account; nothing was changed" \
                "useradd -m $account, or a line \`account $account\` of --users FILE"
    done
}

# apply_accounts: make what is missing; what exists is left as it is.
apply_accounts() {
    # Accounts first, because the other lines refer to them.
    users_lines | sort >"$WORK/users"
    while read -r kind name existing; do
        if [ "$kind" = principals ]; then
            exists_or_comes "$name" || fail "nobody can log in as $name: there is no such account" \
                "a line \`account $name\` makes one"
            continue
        fi
        if [ -n "$(account_line "$name")" ]; then
            [ "$kind" = account ] || [ "$(field "$name" 3)" = "$(field "$existing" 3)" ] ||
                fail "$name exists, and is no alias of $existing" "they have other uids"
            continue
        fi
        [ "$kind" = account ] || exists_or_comes "$existing" ||
            fail "$name is to be an alias of $existing, and there is no account $existing"
        touch "$WORK/changed"
        if [ -n "$DRY_RUN" ]; then say "account $name${existing:+, alias of $existing}"; continue; fi
        if ! { make_folder "$ROOT$BACKUP" 700 && remember "$ROOT$BACKUP/accounts"; }; then
            fail "cannot write $BACKUP"
        fi
        # A home that was there before is not of this account's making.
        undone_as=$kind
        [ ! -e "/home/$name" ] || undone_as="alias"
        printf '%s %s\n' "$undone_as" "$name" >>"$WORK/undo"
        add_account "$kind" "$name" "$existing" </dev/null || fail "cannot make the account $name"
        printf '%s\n' "$name" >>"$ROOT$BACKUP/accounts"
        say "made the account $name${existing:+, an alias of $existing}"
    done <"$WORK/users"
}

# add_account KIND NAME EXISTING. `*` is no password and no lock: a lock (`!`) keeps certificates
# out where sshd does not use PAM, as on Alpine.
add_account() {
    shell=/bin/sh
    [ ! -x /bin/bash ] || shell=/bin/bash
    if ! has useradd; then
        [ "$1" = account ] || { say "an alias account needs useradd (package shadow)"; return 1; }
        adduser -D -s "$shell" "$2" && printf '%s:*\n' "$2" | chpasswd -e 2>/dev/null
        return
    fi
    if [ "$1" = account ]; then
        set -- "$2" -m -s "$shell"
    else
        # All groups that the other one is in beside its own.
        groups=$(id -G "$3" | tr ' ' '\n' | grep -vx "$(id -g "$3")" | paste -s -d , -)
        set -- "$2" -o -M -u "$(field "$3" 3)" -g "$(field "$3" 4)" -d "$(field "$3" 6)" \
            -s "$(field "$3" 7)" ${groups:+-G "$groups"}
    fi
    name=$1
    shift
    # Newer ones of useradd want to hear that j.doe is meant.
    useradd "$@" -p '*' "$name" 2>"$WORK/said" || useradd --badname "$@" -p '*' "$name" 2>/dev/null ||
        { cat "$WORK/said" >&2; return 1; }
}

# remove_account NAME [-r]: -r takes the home too. -f because an alias counts as busy while the other
# account is; but -f would also take a group of that name.
remove_account() {
    [ -n "$(account_line "$1")" ] || return 0
    has userdel || { deluser "$1"; return; }
    [ $# -gt 1 ] || grep -q "^$1:" /etc/group || set -- "$1" -f
    userdel ${2:+"$2"} "$1" 2>/dev/null
}

# stage_principals: who may log in as an account of another name. The file is read as that account,
# and refused where somebody else could write it.
stage_principals() {
    for account in $(mapped_accounts); do
        text_of "$PRINCIPALS/$account"
        names_for "$account" | sort -u >"$WORK/names"
        marked "$WORK/names" >>"$WORK/text" || no_draft
        stage "$PRINCIPALS/$account" 644
    done
}
