
# --- files: staged, compared, written, and undone together ---

# stage PATH MODE: what $WORK/text holds is to be in PATH. MODE is for files of ours; `keep` leaves
# owner and mode of a file that is there, `gone` takes it away.
stage() {
    inside "$1"
    COUNT=$((COUNT + 1))
    if [ "$2" = gone ]; then : >"$WORK/new.$COUNT"; else cp "$WORK/text" "$WORK/new.$COUNT"; fi &&
        printf '%s %s %s\n' "$COUNT" "$2" "$1" >>"$WORK/staged" || no_draft
}

# no_draft: end, because one that is cut off would take the place of a whole file.
no_draft() { fail "no draft can be written in $WORK" "is that disk full?"; }

# inside PATH: end where that leads out of ROOT: what a link in another root names is meant there.
inside() {
    [ -n "$ROOT" ] || return 0
    place=$ROOT$1
    while [ ! -e "$place" ] && [ ! -L "$place" ]; do place=$(dirname "$place"); done
    case $(readlink -f "$place")/ in
        "$ROOT"/*) ;;
        *) fail "$place leads out of $ROOT by a link" "run it below that root itself: chroot" ;;
    esac
}

is_as_staged() { # NUMBER MODE FILE
    [ "$2" != gone ] || { [ ! -e "$3" ]; return; }
    cmp -s "$WORK/new.$1" "$3" || return 1
    [ "$2" = keep ] || [ -n "$(find "$3" -prune -perm "$2" -user 0)" ]
}

# show_staged: a diff of what would change.
show_staged() {
    while read -r number mode path; do
        file=$ROOT$path
        is_as_staged "$number" "$mode" "$file" && continue
        touch "$WORK/changed"
        old=$file
        [ -e "$old" ] || old=/dev/null
        if cmp -s "$WORK/new.$number" "$old"; then
            say "$file: mode $mode, owner root"
        else
            diff -u "$old" "$WORK/new.$number" | sed "1s|.*|--- $old|; 2s|.*|+++ $file|"
        fi
    done <"$WORK/staged"
}

# write_staged: write what differs. As it was it is kept for undo, and once for uninstall.
write_staged() {
    while read -r number mode path; do
        # A file that is a link stays one: what it leads to is written.
        file=$(readlink -f "$ROOT$path") || file=$ROOT$path
        is_as_staged "$number" "$mode" "$file" && continue
        touch "$WORK/changed"
        if ! { remember "$file" && keep_backup "$path" "$file" && put "$number" "$mode" "$file"; }
        then
            fail "cannot write $file" "is the disk full, or mounted read-only?"
        fi
        if [ "$mode" = gone ]; then say "removed $file"; else say "wrote $file"; fi
    done <"$WORK/staged"
}

put() { # NUMBER MODE FILE
    [ "$2" != gone ] || { rm -f "$3"; return; }
    # Written beside it and renamed: a reader sees the old file or the new one, never a half.
    rm -f "$3.ztctl-new"
    [ ! -e "$3" ] || cp -p "$3" "$3.ztctl-new" || return 1
    cat "$WORK/new.$1" >"$3.ztctl-new" || { rm -f "$3.ztctl-new"; return 1; }
    [ "$2" = keep ] || { chmod "$2" "$3.ztctl-new" && chown 0:0 "$3.ztctl-new"; } || return 1
    mv -f "$3.ztctl-new" "$3" || return 1
    # SELinux: a label as files of that folder have it.
    ! has restorecon || restorecon "$3" 2>/dev/null || :
}

# remember FILE: for undo.
remember() {
    make_folder "$(dirname "$1")" 755 || return 1
    COUNT=$((COUNT + 1))
    [ ! -e "$1" ] || cp -p "$1" "$WORK/old.$COUNT" || return 1
    printf '%s %s\n' "$COUNT" "$1" >>"$WORK/undo"
}

# make_folder DIR MODE: with its parents.
make_folder() {
    [ ! -d "$1" ] || return 0
    make_folder "$(dirname "$1")" "$2" || return 1
    mkdir -m "$2" "$1" && printf 'folder %s\n' "$1" >>"$WORK/undo"
}

# keep_backup PATH FILE: as it was before the first install.
keep_backup() {
    [ "$MODE" = install ] || return 0
    inside "$BACKUP"
    kept=$ROOT$BACKUP/$(printf '%s' "$1" | tr / %)
    [ ! -e "$kept" ] && [ ! -e "$kept.absent" ] || return 0
    make_folder "$ROOT$BACKUP" 700 || return 1
    [ -e "$2" ] || kept=$kept.absent
    printf 'new %s\n' "$kept" >>"$WORK/undo"
    if [ -e "$2" ]; then cp -p "$2" "$kept"; else : >"$kept"; fi
}

# undo_all: backwards, so that a folder is empty when its turn comes.
undo_all() {
    UNDO=
    [ -s "$WORK/undo" ] || return 0
    say "install.sh: putting everything back as it was" >&2
    sed '1!G;h;$!d' "$WORK/undo" | while read -r what file; do
        case $what in
            folder) rmdir "$file" ;;
            new) rm -f "$file" ;;
            account) remove_account "$file" -r ;;
            alias) remove_account "$file" ;;
            *)
                rm -f "$file.ztctl-new"
                if [ -e "$WORK/old.$what" ]; then
                    cp -p "$WORK/old.$what" "$file.ztctl-new" && mv -f "$file.ztctl-new" "$file"
                else
                    rm -f "$file"
                fi
                ;;
        esac || say "install.sh: could not put back $file" >&2
    done
    [ -z "$RELOADED" ] || reload
}

# Marked lines in a file of others.
BEGIN="# >>> ztctl $STACK"
END="# <<< ztctl $STACK"

# marked FILE: its lines, marked.
marked() { printf '%s\n' "$BEGIN" && cat "$1" && printf '%s\n' "$END"; }

# text_of PATH: a file without our lines, into $WORK/text; nothing where it is not there.
text_of() {
    : >"$WORK/text"
    [ -e "$ROOT$1" ] || return 0
    [ "$(grep -c "^$BEGIN\$" "$ROOT$1")" = "$(grep -c "^$END\$" "$ROOT$1")" ] ||
        fail "in $ROOT$1 one of the lines '$BEGIN' and '$END' is missing" \
            "delete what ztctl wrote there by hand, and try again"
    sed "/^$BEGIN\$/,/^$END\$/d" "$ROOT$1" | awk 1 >"$WORK/text" || no_draft
}
