
# --- install and uninstall, from one step to the next ---

sshd_usage() {
    cat <<'END'

  --users FILE       make these accounts, and check them (default: `users` beside this file)
  --account NAME     somebody who is to log in; may be repeated
  --no-login-test    do not try a login on a second sshd
  --remove-accounts  with uninstall: delete accounts that install made; their homes stay
END
}

# sshd_option OPTION [VALUE]...: one of the options above.
sshd_option() {
    case $1 in
        --no-login-test) LOGIN_TEST= ;;
        --remove-accounts) REMOVE_ACCOUNTS=yes ;;
        --users | --account)
            wants_word "$@"
            TAKEN=1
            [ "$1" = --account ] || USERS=$(readlink -f "$2") || fail "there is no users file $2"
            [ "$1" = --users ] || ACCOUNTS="$ACCOUNTS $2"
            ;;
        *) return 1 ;;
    esac
}

# stage_before: each file that install changed, without what it wrote. What others changed since
# stays; where nobody did, the file is as it was, byte for byte.
stage_before() {
    [ -d "$ROOT$BACKUP" ] || fail "there is no $ROOT$BACKUP" "nothing of stack $STACK is installed here"
    for kept in "$ROOT$BACKUP"/%*; do
        [ -e "$kept" ] || continue
        path=$(basename "$kept" .absent | tr % /)
        inside "$path"
        # Of a run that was killed while it wrote.
        [ -n "$DRY_RUN" ] || rm -f "$(readlink -f "$ROOT$path" || printf '%s' "$ROOT$path").ztctl-new"
        [ -e "$ROOT$path" ] || continue
        if [ "$path" = "$DROPIN" ]; then stage "$path" gone; continue; fi
        text_of "$path"
        # Of two stacks the second one found these files, which are the first one's.
        case $path in /etc/ssh/ztctl_ca.pub | "$PRINCIPALS"/*) ours=yes ;; *) ours= ;; esac
        if [ ! -s "$WORK/text" ] && { [ -n "$ours" ] || [ "$kept" != "${kept%.absent}" ]; }; then
            stage "$path" gone
        elif awk 1 "$kept" | cmp -s - "$WORK/text"; then
            # The end of the last line is what marked lines had to add.
            cp "$kept" "$WORK/text" || no_draft
            stage "$path" keep
        else
            stage "$path" keep
        fi
    done
}

remove_backup() {
    if [ -s "$ROOT$BACKUP/accounts" ]; then
        while read -r account; do
            if [ -z "$REMOVE_ACCOUNTS" ]; then
                say "the account $account stays: userdel $account, or uninstall --remove-accounts"
            elif remove_account "$account"; then
                say "removed the account $account; its home stays"
            else
                say "the account $account could not be removed: is somebody logged in?"
            fi
        done <"$ROOT$BACKUP/accounts"
    fi
    rm -rf "$ROOT$BACKUP"
    rmdir "$ROOT$(dirname "$BACKUP")" "$ROOT$PRINCIPALS" 2>/dev/null
    return 0
}

# judged: end, and put everything back, where sshd would not take certificates now.
judged() {
    settings_of "$SOMEBODY" || fail "sshd refuses the new configuration: $(said)"
    judge everybody
    for account in $NAMED; do
        settings_of "$account" && judge "$account"
    done
    [ "$FAILURES" = 0 ] || fail "these settings do not let people in" \
        "change what is named above, then run this again"
}

# tested: with each account that somebody named; of others, which may have their own reasons to
# refuse, one has to do.
tested() {
    if [ -z "$LOGIN_TEST" ] || [ -n "$ROOT" ] || ! has ssh-keygen || ! has ssh; then
        say "no login was tried: it takes ssh and ssh-keygen, no --root and no --no-login-test"
        return
    fi
    tried=
    for account in ${NAMED:-$(local_accounts)}; do
        tried=$account
        if login_test "$account" "$(names_for "$account" | head -n 1)"; then
            [ -n "$NAMED" ] || return 0
        elif [ -n "$NAMED" ]; then
            fail "a login as $account did not succeed on a second sshd" \
                "its log is above; --no-login-test installs all the same"
        fi
    done
    [ -n "$tried" ] || say "no login was tried: there is no account of a person; --account names one"
    [ -z "$tried" ] || [ -n "$NAMED" ] || fail "no login succeeded on a second sshd" \
        "its log is above; --account NAME says who is to log in, --no-login-test skips this"
}

reloaded() {
    [ -z "$ROOT" ] || return 0
    RELOADED=yes
    reload || fail "sshd could not be reloaded"
}

sshd_install() {
    check_bundle
    find_sshd || fail "sshd refuses its configuration as it is: $(said)" "repair that first"
    check_users_file
    check_accounts
    named_accounts
    [ -n "$ROOT" ] || apply_accounts
    choose_ca
    stage_ca
    stage_principals
    stage_settings
    if [ -n "$DRY_RUN" ]; then
        show_staged
        [ -e "$WORK/changed" ] || say "nothing would change"
        return
    fi
    write_staged
    judged
    if [ -e "$WORK/changed" ]; then
        tested
        reloaded
        below=${ROOT:+ --root $ROOT}
        say "done; this tells more, and this takes it back:"
        say "$CALLED check$below"
        say "$CALLED uninstall$below"
    else
        say "nothing to change"
    fi
}

sshd_uninstall() {
    find_sshd || say "sshd refuses its configuration as it is: $(said)"
    stage_before
    if [ -n "$DRY_RUN" ]; then
        show_staged
        [ -z "$REMOVE_ACCOUNTS" ] || [ ! -e "$ROOT$BACKUP/accounts" ] ||
            sed 's/.*/the account & would go; its home stays/' "$ROOT$BACKUP/accounts"
        return
    fi
    write_staged
    settings_of "$SOMEBODY" || fail "sshd refuses the configuration as it was: $(said)"
    reloaded
    remove_backup
    say "done; sshd's files are as they were"
}
