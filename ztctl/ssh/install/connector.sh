
# --- connector: cloudflared as a service that reads its token from a file (--connector) ---

WITH_CONNECTOR=yes
CLOUDFLARED=       # --cloudflared
TOKEN_FILE=        # --token-file
REPLACE_CONNECTOR= # --replace-connector
CONNECTOR_WAIT=60  # --wait
CONNECTOR_METRICS=127.0.0.1:20241
CONNECTOR_TOKEN=/etc/cloudflared/token
CONNECTOR_BACKUP=/etc/cloudflared/ztctl_backup
# Where the hosts of this bundle lead, as HOST:PORT.
TARGETS=@TARGETS@
PACKAGES=https://pkg.cloudflare.com

connector_usage() {
    cat <<'END'

  --connector            run cloudflared as a service; the tunnel's token comes on standard input
  --token-file FILE      or from this file
  --cloudflared FILE     this program; otherwise what is installed, or Cloudflare's own package
  --replace-connector    in place of a service that runs another tunnel
  --wait SECONDS         until it has to be connected (default: 60)
END
}

# connector_option OPTION [VALUE]...: one of the options above; TAKEN: words beside the first.
connector_option() {
    case $1 in
        --replace-connector) REPLACE_CONNECTOR=yes ;;
        --token-file | --cloudflared | --wait)
            wants_word "$@"
            TAKEN=1
            case $1 in
                --token-file) TOKEN_FILE=$2 ;;
                --cloudflared) CLOUDFLARED=$2 ;;
                --wait)
                    case $2 in '' | *[!0-9]*) wrong_usage "--wait takes seconds, not $2" ;; esac
                    CONNECTOR_WAIT=$2
                    ;;
            esac
            ;;
        *) return 1 ;;
    esac
    CONNECTOR=yes
}

# connector_prepare: what can be wrong with the call is found before anything is changed, also of sshd.
connector_prepare() {
    connector_init
    connector_take_token
    tunnel=$(connector_tunnel "$WORK/token")
    [ -n "$tunnel" ] || fail "what was given as the token is none" "take it from: ztctl tunnel token NAME"
    connector_is_ours
    connector_find || [ -z "$ROOT" ] ||
        fail "there is no cloudflared below $ROOT" "--cloudflared FILE names one"
}

connector_install() {
    [ -z "$DRY_RUN" ] || { connector_show; return; }
    connector_find || connector_package
    connector_is_new_enough
    running=
    if [ -z "$ROOT" ]; then
        # Whoever answers there while nothing of ours runs would be taken for it.
        if connector_ctl active; then running=yes; elif connector_ready; then
            fail "another cloudflared answers on $CONNECTOR_METRICS" "stop it; nothing was changed"
        fi
    fi
    if ! {
        { [ -z "$CLOUDFLARED" ] || connector_put "$program" 755 <"$CLOUDFLARED"; } &&
            connector_put "$CONNECTOR_TOKEN" 600 <"$WORK/token" &&
            connector_unit | connector_put "$CONNECTOR_UNIT" "$CONNECTOR_MODE"
    }; then
        fail "cannot write the files of the connector" "is the disk full, or mounted read-only?"
    fi
    [ -z "$ROOT" ] || { say "below $ROOT no service is started"; return; }
    # A connector that is late does no harm: from here on nothing is put back.
    UNDO=
    if [ -e "$WORK/changed" ] || [ -z "$running" ]; then
        [ -z "$running" ] || say "cloudflared restarts: sessions through it end, this one too if it is one"
        connector_ctl enable ||
            fail "the service cannot be enabled: $(head -n 1 "$WORK/service")" "its files stay"
        # systemd calls a start failed that takes long, and starts it again: /ready has the last word.
        connector_ctl restart || :
    fi
    connector_wait
}

# connector_init: what starts services here, and the file by which it does.
connector_init() {
    CONNECTOR_UNIT=/etc/init.d/cloudflared
    CONNECTOR_MODE=755
    if [ -d "$ROOT/run/systemd/system" ] || { [ -n "$ROOT" ] && [ -d "$ROOT/etc/systemd/system" ]; }; then
        INIT=systemd
        CONNECTOR_UNIT=/etc/systemd/system/cloudflared.service
        CONNECTOR_MODE=644
    elif [ -d "$ROOT/run/openrc" ] || { [ -n "$ROOT" ] && [ -d "$ROOT/etc/runlevels" ]; }; then
        INIT=openrc
    else
        INIT=sysv
    fi
}

# connector_take_token: into a file of ours; never into an argument, a variable, or what -x shows.
connector_take_token() {
    old_umask=$(umask)
    umask 077
    if [ -n "$TOKEN_FILE" ]; then
        [ -r "$TOKEN_FILE" ] && tr -d ' \t\r\n' <"$TOKEN_FILE" >"$WORK/token" ||
            fail "cannot read the token in $TOKEN_FILE" "nothing was changed"
    elif [ ! -t 0 ]; then
        tr -d ' \t\r\n' >"$WORK/token"
    fi
    if [ ! -s "$WORK/token" ]; then
        # A second run needs none.
        [ -s "$ROOT$CONNECTOR_TOKEN" ] || fail "there is no token" \
            "--token-file FILE names one, or on standard input: ztctl tunnel token NAME | …"
        tr -d ' \t\r\n' <"$ROOT$CONNECTOR_TOKEN" >"$WORK/token"
    fi
    umask "$old_umask"
}

# connector_tunnel FILE: the id of the tunnel whose token a file holds; nothing if it is none.
connector_tunnel() {
    base64 -d <"$1" 2>/dev/null | tr -d '\n' | sed -n 's/.*"t":"\([0-9a-f-]\{36\}\)".*/\1/p'
}

# connector_token_file: which one the service reads; nothing where it reads none.
connector_token_file() {
    sed -n 's/.*--token-file[ =]\([^ "]*\).*/\1/p' "$ROOT$CONNECTOR_UNIT" | head -n 1
}

# connector_serves: the id of the tunnel that the service here runs; `unknown`; nothing.
connector_serves() {
    unit=$ROOT$CONNECTOR_UNIT
    [ -e "$unit" ] || return 0
    file=$(connector_token_file)
    if [ -n "$file" ] && [ -e "$ROOT$file" ]; then
        id=$(connector_tunnel "$ROOT$file")
    else
        sed -n 's/.*--token[ =]\([A-Za-z0-9+/=]*\).*/\1/p' "$unit" >"$WORK/inline"
        id=$(connector_tunnel "$WORK/inline")
        rm -f "$WORK/inline"
    fi
    printf '%s\n' "${id:-unknown}"
}

# connector_title ID: what people call the tunnel.
connector_title() {
    name=
    [ ! -f "$HERE/tunnels" ] || name=$(awk -F '\t' -v id="$1" '$1 == id { print $2 }' "$HERE/tunnels")
    printf '%s\n' "${name:-$1}"
}

# connector_is_ours: the token is one that this bundle is for, and no other service is in the way.
connector_is_ours() {
    if [ -s "$HERE/tunnels" ] && ! grep -q "^$tunnel" "$HERE/tunnels"; then
        fail "the token is one of tunnel $tunnel" \
            "this bundle is for: $(awk -F '\t' '{ print $2 }' "$HERE/tunnels" | paste -s -d , -)"
    fi
    serves=$(connector_serves)
    case $serves in
        '' | "$tunnel") return ;;
        unknown) what="it runs something else than a tunnel by its token" ;;
        *) what="it runs tunnel $serves" ;;
    esac
    [ -n "$REPLACE_CONNECTOR" ] || fail "there is a service cloudflared already: $what" \
        "--replace-connector puts this one in its place, and cuts off what runs through it"
}

connector_show() {
    connector_find || program=/usr/bin/cloudflared
    [ -e "$ROOT$program" ] || say "cloudflared would be installed from ${CLOUDFLARED:-$PACKAGES}"
    connector_tunnel "$WORK/token" >"$WORK/new"
    connector_tunnel "$ROOT$CONNECTOR_TOKEN" 2>/dev/null >"$WORK/old"
    cmp -s "$WORK/new" "$WORK/old" || say "the token of tunnel $tunnel would be in $ROOT$CONNECTOR_TOKEN"
    old=$ROOT$CONNECTOR_UNIT
    [ -e "$old" ] || old=/dev/null
    connector_unit | diff -u "$old" - | sed "1s|.*|--- $old|; 2s|.*|+++ $ROOT$CONNECTOR_UNIT|"
}

# connector_find: sets `program`, as the service has to call it.
connector_find() {
    program=/usr/local/bin/cloudflared
    [ -z "$CLOUDFLARED" ] || { [ -f "$CLOUDFLARED" ] && return; fail "there is no $CLOUDFLARED"; }
    [ -n "$ROOT" ] || ! program=$(command -v cloudflared) || return 0
    for program in /usr/bin/cloudflared /usr/local/bin/cloudflared; do
        [ ! -x "$ROOT$program" ] || return 0
    done
    return 1
}

# connector_package: from Cloudflare's own source, as its documentation does it.
connector_package() {
    say "installing cloudflared from $PACKAGES"
    key=/usr/share/keyrings/cloudflare-public-v2.gpg
    list=/etc/apt/sources.list.d/cloudflared.list
    yum=dnf
    has dnf || yum=yum
    if has apt-get; then
        connector_fetch "$PACKAGES/cloudflare-public-v2.gpg" && connector_put "$key" 644 <"$WORK/fetched" &&
            echo "deb [signed-by=$key] $PACKAGES/cloudflared any main" | connector_put "$list" 644 &&
            apt-get -q update -o "Dir::Etc::sourcelist=$list" -o Dir::Etc::sourceparts=- &&
            connector_keep package && DEBIAN_FRONTEND=noninteractive apt-get -q -y install cloudflared
    elif has "$yum"; then
        connector_fetch "$PACKAGES/cloudflared.repo" &&
            connector_put /etc/yum.repos.d/cloudflared.repo 644 <"$WORK/fetched" &&
            connector_keep package && "$yum" -q -y install cloudflared
    else
        fail "Cloudflare has no package for this system" "--cloudflared FILE names the program"
    fi >"$WORK/package" 2>&1 && connector_find && return
    grep -v '^wrote ' "$WORK/package" | tail -n 5 >&2
    fail "cloudflared could not be installed" "--cloudflared FILE names the program"
}

connector_fetch() { # URL
    if has curl; then curl -fsS -o "$WORK/fetched" "$1"; else wget -q -O "$WORK/fetched" "$1"; fi
}

# connector_is_new_enough: a token file wants 2025.4.0 (release notes of cloudflared).
connector_is_new_enough() {
    [ -z "$ROOT" ] || return 0
    file=${CLOUDFLARED:-$program}
    version=$("$file" --version 2>/dev/null | sed -n 's/.*version \([0-9]*\.[0-9]*\).*/\1/p')
    echo "${version:-9999.9}" | awk -F . '{ exit !($1 * 100 + $2 >= 202504) }' ||
        fail "$file is of version $version, and a token file wants 2025.4" "install a newer one"
}

# connector_put PATH MODE: write what comes on standard input, where it differs.
connector_put() {
    old_umask=$(umask)
    umask 077
    cat >"$WORK/new.connector" || return 1
    inside "$1"
    if ! is_as_staged connector "$2" "$ROOT$1"; then
        touch "$WORK/changed"
        connector_keep "$1" && remember "$ROOT$1" && { [ "$2" != 600 ] || rm -f "$ROOT$1"; } &&
            put connector "$2" "$ROOT$1" && say "wrote $ROOT$1"
    fi
    put_code=$?
    rm -f "$WORK/new.connector"
    umask "$old_umask"
    return "$put_code"
}

# connector_keep PATH: as it was before the first install; for something without a path, a note.
connector_keep() {
    inside "$CONNECTOR_BACKUP"
    kept=$ROOT$CONNECTOR_BACKUP/$(printf '%s' "$1" | tr / %)
    [ ! -e "$kept" ] && [ ! -e "$kept.absent" ] || return 0
    folders=
    for folder in "$ROOT/etc/cloudflared" "$(dirname "$ROOT$1")"; do
        [ "$1" = package ] || [ -d "$folder" ] || folders="$folders$folder
"
    done
    make_folder "$ROOT/etc/cloudflared" 755 && make_folder "$ROOT$CONNECTOR_BACKUP" 700 || return 1
    printf '%s' "$folders" >>"$ROOT$CONNECTOR_BACKUP/folders"
    [ "$1" != package ] && [ -e "$ROOT$1" ] || kept=$kept.absent
    printf 'new %s\n' "$kept" "$ROOT$CONNECTOR_BACKUP/folders" >>"$WORK/undo"
    case $kept in *.absent) : >"$kept" ;; *) cp -pP "$ROOT$1" "$kept" ;; esac
}

connector_restore() {
    for kept in "$ROOT$CONNECTOR_BACKUP"/%*; do
        [ -e "$kept" ] || continue
        file=$ROOT$(basename "$kept" .absent | tr % /)
        inside "${file#"$ROOT"}"
        case $kept in
            *.absent) rm -f "$file" ;;
            *) cp -pP "$kept" "$file.ztctl-new" && mv -f "$file.ztctl-new" "$file" ;;
        esac || fail "cannot put back $file"
    done
    folders=$(cat "$ROOT$CONNECTOR_BACKUP/folders" 2>/dev/null)
    # shellcheck disable=SC2115  # it is a folder below ROOT, which may be empty
    rm -rf "$ROOT$CONNECTOR_BACKUP"
    printf '%s\n' "$folders" | while read -r folder; do rmdir "$folder" 2>/dev/null; done
    return 0
}

# connector_uninstall: everything as it was, and a service that was there before runs again.
connector_uninstall() {
    connector_init
    if [ ! -d "$ROOT$CONNECTOR_BACKUP" ]; then
        [ -n "$WITH_SSHD" ] || fail "there is no $ROOT$CONNECTOR_BACKUP" "no connector is installed here"
        return 0
    fi
    [ -z "$DRY_RUN" ] || { say "the connector would go: $ROOT$CONNECTOR_UNIT"; return; }
    before=$ROOT$CONNECTOR_BACKUP/$(printf '%s' "$CONNECTOR_UNIT" | tr / %)
    package=$ROOT$CONNECTOR_BACKUP/package.absent
    [ ! -e "$package" ] || package=yes
    if [ -z "$ROOT" ]; then
        say "cloudflared stops: sessions through it end, this one too if it is one"
        connector_ctl stop
        [ -e "$before" ] || connector_ctl disable
    fi
    [ ! -e "$before" ] && before= || before=yes
    connector_restore
    [ -z "$ROOT" ] || return 0
    [ "$package" != yes ] || connector_unpackage || say "the package cloudflared could not be removed"
    connector_ctl reread
    [ -z "$before" ] || connector_ctl restart || fail "the service cloudflared as it was does not start"
}

connector_unpackage() {
    if has apt-get; then apt-get -q -y purge cloudflared; elif has dnf; then dnf -q -y remove cloudflared
    else yum -q -y remove cloudflared; fi >"$WORK/package" 2>&1
}

# connector_ctl DEED: the session of whoever runs this may end by it, and the deed goes on. Only HUP
# is ignored for that: what is started here inherits it, and has to end by TERM.
connector_ctl() {
    (
        trap '' HUP
        case $INIT.$1 in
            systemd.active) systemctl is-active --quiet cloudflared.service ;;
            systemd.reread) systemctl daemon-reload ;;
            systemd.enable) systemctl daemon-reload && systemctl enable cloudflared.service ;;
            systemd.*) systemctl "$1" cloudflared.service ;;
            *.reread) ;;
            openrc.active) rc-service cloudflared status ;;
            openrc.enable) rc-update add cloudflared default ;;
            openrc.disable) rc-update delete cloudflared default ;;
            openrc.*) rc-service cloudflared "$1" ;;
            sysv.active) [ -x "$CONNECTOR_UNIT" ] && "$CONNECTOR_UNIT" status ;;
            sysv.enable)
                if has update-rc.d; then update-rc.d cloudflared defaults
                else chkconfig --add cloudflared; fi ;;
            sysv.disable)
                if has update-rc.d; then update-rc.d -f cloudflared remove
                else chkconfig --del cloudflared; fi ;;
            sysv.*) "$CONNECTOR_UNIT" "$1" ;;
        esac
    ) >"$WORK/service" 2>&1 </dev/null
}

# connector_ready: whether it is connected; cloudflared itself asks /ready.
connector_ready() {
    "${CLOUDFLARED:-$program}" tunnel --metrics "$CONNECTOR_METRICS" ready >"$WORK/ready" 2>&1 </dev/null
}

connector_wait() {
    end=$(($(date +%s) + CONNECTOR_WAIT))
    until connector_ready; do
        if [ "$(date +%s)" -ge "$end" ]; then
            connector_last_words >&2
            fail "cloudflared has no connection to Cloudflare after $CONNECTOR_WAIT s" \
                "it goes on trying (outgoing port 7844, TCP and UDP); install.sh check --connector tells"
        fi
        sleep 0.5 2>/dev/null || sleep 1
    done
    say "the connector of $(connector_title "$tunnel") is connected"
}

# connector_last_words: what /ready and the service said last.
connector_last_words() {
    {
        tail -n 2 "$WORK/ready"
        if [ "$INIT" = systemd ]; then
            has journalctl && journalctl -q -u cloudflared.service -n 3 -o cat --no-pager
        else
            tail -n 3 /var/log/cloudflared.log
        fi
    } 2>/dev/null | tr -cd '[:print:]\n' | sed 's/^/  /'
}

connector_check() {
    connector_init
    if [ ! -e "$ROOT$CONNECTOR_UNIT" ]; then
        report FAIL H13 "no connector runs here as a service" "sh install.sh --connector"
        return
    fi
    serves=$(connector_serves)
    file=$(connector_token_file)
    owner=$(sed -n 's/^User=//p' "$ROOT$CONNECTOR_UNIT")
    owner=${owner:-root}
    if [ -z "$file" ]; then
        report warn H13 "$ROOT$CONNECTOR_UNIT does not read its token from a file" \
            "whoever lists processes may see it: sh install.sh --connector"
    elif [ ! -s "$ROOT$file" ]; then
        report FAIL H13 "there is no token in $ROOT$file, which the service reads" \
            "sh install.sh --connector"
    elif [ -z "$(find "$ROOT$file" -prune \( -perm 600 -o -perm 400 \) -user "$owner" 2>/dev/null)" ]
    then
        report FAIL H13 "$ROOT$file is not $owner's alone" "chmod 600, chown $owner"
    else
        report ok H13 "the connector's token is a file that $owner alone reads"
    fi
    [ -z "$ROOT" ] || return 0
    if ! connector_ctl active; then
        report FAIL H13 "the service cloudflared does not run" "its log says why"
    elif ! connector_find || ! connector_ready; then
        report FAIL H13 "the connector of $(connector_title "$serves") has no connection" \
            "it needs outgoing port 7844, TCP and UDP; its log says more"
    else
        report ok H13 "the connector of $(connector_title "$serves") is connected"
    fi
    for target in $TARGETS; do connector_way "$target"; done
}

# connector_way HOST:PORT: whether an sshd answers where the tunnel leads.
connector_way() {
    address=${1%:*}
    address=${address#\[}
    if ! has ssh-keyscan; then
        report note H14 "whether sshd answers at $1 was not looked at: there is no ssh-keyscan"
    elif ssh-keyscan -T 3 -p "${1##*:}" "${address%\]}" 2>&1 | grep -q 'SSH-2\.0-'; then
        report ok H14 "sshd answers at $1"
    else
        report FAIL H14 "no sshd answers at $1, where the tunnel leads" \
            "does it run and listen there? does a firewall lie between?"
    fi
}

# connector_unit: as cloudflared's own installation of 2026.7.2 writes it, with a fixed /ready.
connector_unit() {
    title=$(connector_title "$tunnel")
    run="--no-autoupdate tunnel --metrics $CONNECTOR_METRICS run --token-file $CONNECTOR_TOKEN"
    case $INIT in
        systemd)
            cat <<END
[Unit]
Description=cloudflared, connector of tunnel $title
After=network-online.target
Wants=network-online.target

[Service]
TimeoutStartSec=15
Type=notify
ExecStart=$program $run
Restart=on-failure
RestartSec=5s

[Install]
WantedBy=multi-user.target
END
            ;;
        openrc)
            cat <<END
#!/sbin/openrc-run
# cloudflared, connector of tunnel $title
supervisor=supervise-daemon
command="$program"
command_args="$run"
respawn_delay=5
respawn_max=0
output_log="/var/log/cloudflared.log"
error_log="/var/log/cloudflared.log"

depend() {
	need net
	after firewall
}
END
            ;;
        sysv)
            cat <<END
#!/bin/sh
### BEGIN INIT INFO
# Provides:          cloudflared
# Required-Start:    \$network \$remote_fs
# Required-Stop:     \$network \$remote_fs
# Default-Start:     2 3 4 5
# Default-Stop:      0 1 6
# Short-Description: cloudflared, connector of tunnel $title
### END INIT INFO
pidfile=/var/run/cloudflared.pid

running() {
	# The number alone may be that of another by now.
	pid=\$(cat "\$pidfile" 2>/dev/null) && grep -q cloudflared "/proc/\$pid/cmdline" 2>/dev/null
}

start() {
	running && return 0
	# A connector that ends is started again, as systemd does.
	# shellcheck disable=SC2016
	nohup sh -c 'trap "kill \\\$child; wait \\\$child; exit" TERM
		while :; do "\$@" & child=\$!; wait "\$child"; sleep 5; done' cloudflared \\
		$program $run \\
		>>/var/log/cloudflared.log 2>&1 </dev/null &
	echo \$! >"\$pidfile"
}

stop() {
	running && kill "\$pid"
	seconds=0
	while running && [ "\$seconds" -lt 40 ]; do
		sleep 1
		seconds=\$((seconds + 1))
	done
	rm -f "\$pidfile"
}

case "\$1" in
start) start ;;
stop) stop ;;
restart) stop; start ;;
status) running ;;
*) echo "usage: \$0 start|stop|restart|status" >&2; exit 2 ;;
esac
END
            ;;
    esac
}
