#!/bin/bash
# What orbl-dnsd tells of itself: metrics, statistics file, query log, dnstap, and the control
# socket's status, stats, zones and reload, with their rights.
. "$top_srcdir/tests/system/dnsd_lib.sh"

orbl=$top_builddir/orbl
rbldnsd=$(command -v rbldnsd || echo /usr/sbin/rbldnsd)
metrics_port=
has_dnstap=$("$dnsd" -V | sed -n 's/^ *dnstap *//p')
chmod 755 "$dir"
as_nobody=()
[ "$(id -u)" != 0 ] || as_nobody=(setpriv --reuid=nobody --regid=nogroup --clear-groups)

printf '%s\n' ':127.0.0.2:Open relay $' 192.0.2.1 192.0.2.2 198.51.100.0/24 >"$dir/list"
printf '%s\n' ':127.0.0.3:Second' 203.0.113.9 >"$dir/other"

write_conf() { # LINE...
	metrics_port=$((20000 + RANDOM % 12000))
	printf '%s\n' "dnsd.zones = {\"bl.example=rbldnsd:ip4set:$dir/list\"," \
		"\"two.example=rbldnsd:ip4set:$dir/other\"}" \
		"dnsd.metrics = \"127.0.0.1@$metrics_port\"" \
		"dnsd.control_socket = \"$dir/sock\"" 'dnsd.workers = 2' "$@" >"$dir/conf"
}

dnsd_cmd() {
	"$orbl" dnsd "$1" -c "$dir/conf" "${@:2}"
}

# Names with neither EDNS nor cookie, as rbldnsd has none.
ask_all() { # PORT
	local name
	for name in 1.2.0.192 2.2.0.192 7.100.51.198 3.2.0.192 4.2.0.192; do
		dig +short +noedns +tries=1 +time=5 @127.0.0.1 -p "$1" "$name.bl.example" A
	done >/dev/null
	dig +short +noedns +tries=1 +time=5 @127.0.0.1 -p "$1" 1.2.0.192.bl.example TXT >/dev/null
	dig +short +noedns +tries=1 +time=5 @127.0.0.1 -p "$1" 9.113.0.203.two.example A >/dev/null
	dig +short +noedns +tries=1 +time=5 @127.0.0.1 -p "$1" nothing.example A >/dev/null
}

get() { # [CURL OPTION...] PATH
	curl -s -m 10 "${@:1:$#-1}" "http://127.0.0.1:$metrics_port${*: -1}"
}

metric() { # LINE-BEGINNING
	get /metrics | grep -F -- "$1" | awk '{ print $NF }'
}

last_counters() { # FILE: of the last line with counters, without its time
	grep ' ' "$1" | tail -1 | cut -d' ' -f2-
}

# --- metrics ------------------------------------------------------------------------------

write_conf "dnsd.statistics_file = \"$dir/stats\"" 'dnsd.statistics_interval = 1' \
	"dnsd.query_log = \"$dir/queries\"" 'dnsd.query_log_sample = 1'
dnsd_start -c "$dir/conf"
ask_all "$port"
dig +short +tcp @127.0.0.1 -p "$port" 1.2.0.192.bl.example A >/dev/null
get /metrics >"$dir/metrics"
tap_ok 'the metrics are as Prometheus wants them' python3 "$top_srcdir/tests/system/observe_metrics.py" \
	<"$dir/metrics"
if command -v promtool >/dev/null; then
	tap_ok 'promtool finds nothing wrong' promtool check metrics <"$dir/metrics"
fi
tap_is 'queries are counted by zone' 6 \
	"$(metric 'orbl_dnsd_queries_total{zone="bl.example",transport="udp"}')"
tap_is 'and by transport' 1 \
	"$(metric 'orbl_dnsd_queries_total{zone="bl.example",transport="tcp"}')"
tap_is 'replies are counted by RCODE' 2 "$(metric \
	'orbl_dnsd_replies_total{zone="bl.example",transport="udp",rcode="NXDOMAIN",reply="nxdomain"}')"
tap_is 'queries for none of ours, too' 1 "$(metric \
	'orbl_dnsd_replies_total{zone="(none)",transport="udp",rcode="REFUSED",reply="refused"}')"
tap_is 'a zone has its hosts' 258 "$(metric 'orbl_dnsd_zone_entries{zone="bl.example"}')"
tap_is 'and is up' 1 "$(metric 'orbl_dnsd_zone_up{zone="bl.example"}')"
tap_is 'latencies are counted for each query' 8 \
	"$(metric 'orbl_dnsd_latency_seconds_count{transport="udp"}')"
tap_like 'the type says which format it is' 'version=0\.0\.4' \
	"$(get -o /dev/null -w '%{content_type}' /metrics)"
tap_is 'HEAD gives the head alone' '200 0' "$(get -I -o /dev/null -w '%{http_code} %{size_download}' /metrics)"
tap_is 'another path is not there, and says which one is' 'see /metrics 404' "$(get -w '%{http_code}' / |
	paste -sd ' ')"
tap_is 'another method is not allowed' 405 "$(get -X POST -d x -o /dev/null -w '%{http_code}' /metrics)"

# Clients that hold their places, and one with a head without end.
for ((i = 0; i < 40; i++)); do
	exec {fd}<>"/dev/tcp/127.0.0.1/$metrics_port"
	printf 'GET /metrics HTTP/1.1\r\n' >&"$fd"
	held[i]=$fd
done
head -c 100000 /dev/zero | tr '\0' a | timeout 5 curl -s -m 3 -o /dev/null -H @- \
	"http://127.0.0.1:$metrics_port/metrics"
tap_is 'clients that only hold their places keep nobody out' 200 \
	"$(get -o /dev/null -w '%{http_code}' /metrics)"
tap_is 'nor do they hold up answers' 127.0.0.2 "$(ask_short 1.2.0.192.bl.example A)"
for fd in "${held[@]}"; do
	exec {fd}>&-
done

# --- statistics file ------------------------------------------------------------------------

has_lines() {
	[ "$(wc -l <"$dir/stats")" -ge 2 ]
}
wait_until 60 has_lines
tap_like 'it begins with a bare time' '^[0-9]{10}$' "$(head -1 "$dir/stats")"
tap_like 'its lines are those of rbldnsd' \
	'^[0-9]{10}( [a-z.]+\.example:[0-9]+:[0-9]+:[0-9]+:[0-9]+:[0-9]+){2} \*(:[0-9]+){5}$' \
	"$(tail -1 "$dir/stats")"
mv "$dir/stats" "$dir/stats.old"
wait_until 60 test -s "$dir/stats"
tap_ok 'it is begun anew when it was moved away' test -s "$dir/stats"

# --- query log --------------------------------------------------------------------------------

wait_until 60 grep -q nothing.example "$dir/queries"
tap_like 'a query is a line, its client shortened' \
	"^[-0-9]{10}T[0-9:.]{12}Z 127\.0\.0\.0/24 udp bl\.example 1\.2\.0\.192\.bl\.example A NOERROR 127\.0\.0\.2$" \
	"$(grep ' 1.2.0.192.bl.example A ' "$dir/queries" | head -1)"
tap_like 'over TCP, too' ' tcp bl.example ' "$(grep ' tcp ' "$dir/queries")"
tap_like 'and for none of ours' ' udp - nothing.example A REFUSED -$' \
	"$(grep nothing.example "$dir/queries")"
tap_is 'others may not read it' 640 "$(stat -c %a "$dir/queries")"
key=abcdefghijklmnopqrstuvwxyz
ask "1.2.0.192.$key.bl.example" A >/dev/null
wait_until 60 grep -qF '192.*.bl.example' "$dir/queries"
tap_status 'what looks like a query key is not written' 1 grep -q "$key" "$dir/queries"
mv "$dir/queries" "$dir/queries.old"
kill -HUP "$dnsd_pid"
wait_until 60 test -e "$dir/queries"
ask 2.2.0.192.bl.example A >/dev/null
wait_until 60 grep -q ' 2.2.0.192.bl.example ' "$dir/queries"
tap_ok 'it is opened anew after SIGHUP' grep -q ' 2.2.0.192.bl.example ' "$dir/queries"

# --- the observer's end ---------------------------------------------------------------------------

observer=$(dnsd_child orbl-observer)
kill -KILL "$observer"
tap_is 'answers go on without an observer' 127.0.0.2 "$(ask_short 1.2.0.192.bl.example A)"
is_back() {
	[ "$(get -o /dev/null -w '%{http_code}' /metrics)" = 200 ]
}
wait_until 60 is_back
tap_ok 'it is started again' is_back
tap_ok 'and goes on counting' test "$(metric \
	'orbl_dnsd_queries_total{zone="bl.example",transport="udp"}')" -ge 7

# --- orbl dnsd ------------------------------------------------------------------------------------

tap_like 'status' '^zones +2 serving' "$(dnsd_cmd status)"
tap_like 'stats' '^bl.example +[0-9]+ +[0-9]+ ' "$(dnsd_cmd stats)"
tap_like 'zones' '^bl.example +serving +[0-9]+ +[0-9]+ [a-z]+ +3 +ip4set ' "$(dnsd_cmd zones)"
tap_ok 'stats as JSON' sh -c "'$orbl' dnsd stats -c '$dir/conf' --json | python3 -m json.tool"
echo 192.0.2.3 >>"$dir/list"
tap_like 'reload waits for the new list' '^bl.example +serving .* 4 +ip4set' "$(dnsd_cmd reload)"
tap_is 'which answers then' 127.0.0.2 "$(ask_short 3.2.0.192.bl.example A)"
tap_like 'who asked for it is logged' 'asks for "reload"' "$(cat "$dir/log")"
mv "$dir/other" "$dir/away"
tap_status 'a zone that cannot be loaded is a failure' 1 dnsd_cmd reload
tap_like 'which names the zone' 'zone two.example: ' "$tap_output"
tap_is 'in the metrics, too' 1 "$(metric 'orbl_dnsd_zone_state{zone="two.example"}')"
tap_is 'while its data stay in service' 1 "$(metric 'orbl_dnsd_zone_up{zone="two.example"}')"
mv "$dir/away" "$dir/other"
if [ "$(id -u)" = 0 ]; then
	chmod 666 "$dir/sock"
	as_stranger=(setpriv --reuid=12345 --regid=12345 --clear-groups)
	tap_ok 'a stranger who may connect may ask' "${as_stranger[@]}" "$orbl" dnsd status -c "$dir/conf"
	tap_status 'but not give orders' 2 "${as_stranger[@]}" "$orbl" dnsd reload -c "$dir/conf"
	tap_like 'and is told why' 'is for root' "$tap_output"
	group=$(stat -c %g "$dir/sock")
	tap_ok 'a member of the group of the socket may' setpriv --reuid=12345 --regid=12345 \
		--groups="$group" "$orbl" dnsd reload -c "$dir/conf"
fi
dnsd_stop
tap_is 'it ends as it should' 0 "$dnsd_status"
tap_status 'without a server there is a hint' 2 dnsd_cmd status
tap_like 'of what to look at' 'is orbl-dnsd running.*dnsd.control_socket' "$tap_output"
tap_like 'the last line of the statistics is a bare time' '^[0-9]{10}$' "$(tail -1 "$dir/stats")"

# --- as rbldnsd counts ------------------------------------------------------------------------------

rbldnsd_is_settled() {
	grep -q 'zones reloaded' "$dir/log.rbldnsd" || ! kill -0 "$rbldnsd_pid" 2>/dev/null
}

compare_with_rbldnsd() { # + or nothing
	local user=() tries=20 theirs
	rm -f "$dir/stats" "$dir/stats.rbldnsd"
	write_conf "dnsd.statistics_file = \"$1$dir/stats\"" 'dnsd.statistics_interval = 1d'
	dnsd_start -c "$dir/conf"
	ask_all "$port"
	dnsd_stop
	[ "$(id -u)" != 0 ] || user=(-u nobody)
	while [ $((tries -= 1)) -gt 0 ]; do
		theirs=$((20000 + RANDOM % 12000))
		"$rbldnsd" -n -q -a "${user[@]}" -s "$1$dir/stats.rbldnsd" -b "127.0.0.1/$theirs" \
			"bl.example:ip4set:$dir/list" "two.example:ip4set:$dir/other" \
			>"$dir/log.rbldnsd" 2>&1 &
		rbldnsd_pid=$!
		other_pids+=" $rbldnsd_pid"
		wait_until 60 rbldnsd_is_settled
		kill -0 "$rbldnsd_pid" 2>/dev/null && break
	done
	ask_all "$theirs"
	kill "$rbldnsd_pid"
	wait "$rbldnsd_pid"
	# Bytes sent are each server's own.
	tap_is "rbldnsd counts the same ${1:+of differences}" \
		"$(last_counters "$dir/stats.rbldnsd" | sed -E 's/:[0-9]+( |$)/\1/g')" \
		"$(last_counters "$dir/stats" | sed -E 's/:[0-9]+( |$)/\1/g')"
	tap_is "and its file has the same lines ${1:+of differences}" \
		"$(sed 's/[0-9]*//g' "$dir/stats.rbldnsd")" "$(sed 's/[0-9]*//g' "$dir/stats")"
}

if [ -x "$rbldnsd" ]; then
	compare_with_rbldnsd ''
	compare_with_rbldnsd +
else
	tap_note 'no rbldnsd here'
fi

# --- dnstap -------------------------------------------------------------------------------------------

start_collector() { # FILE
	"${as_nobody[@]}" fstrm_capture -t protobuf:dnstap.Dnstap -u "$dir/tap" -w "$1" \
		>"$dir/log.capture" 2>&1 &
	capture_pid=$!
	other_pids+=" $capture_pid"
	wait_until 60 test -S "$dir/tap"
}

stop_collector() {
	kill -TERM "$capture_pid"
	wait "$capture_pid"
	rm -f "$dir/tap"
}

is_tapped() { # TIMES
	[ "$(grep -c 'the collector takes our messages' "$dir/log")" = "$1" ]
}

is_warned() { # TIMES TEXT
	[ "$(grep -c "dnsd\.dnstap: no connection to $dir/tap: $2" "$dir/log")" = "$1" ]
}

write_conf "dnsd.dnstap = \"$dir/tap\""
if [ "$has_dnstap" != yes ]; then
	tap_status 'without dnstap built in, dnsd.dnstap is an error' 1 "$dnsd" -T -c "$dir/conf"
	tap_like 'that says so' 'built without dnstap' "$tap_output"
else
	tap_need fstrm_capture dnstap-read
	dnsd_start -c "$dir/conf"
	tap_ok 'a collector that is not there is told' wait_until 60 is_warned 1 'No such file'
	tap_is 'and a gauge' 0 "$(get /metrics | sed -n 's/^orbl_dnsd_dnstap_connected //p')"
	sleep 6
	tap_is 'it is told once' 1 "$(grep -c 'dnsd\.dnstap: no connection' "$dir/log")"
	if [ "$(id -u)" = 0 ]; then
		python3 - "$dir/tap" <<-'EOF' &
			import os, socket, sys, time
			s = socket.socket(socket.AF_UNIX)
			s.bind(sys.argv[1])
			os.chmod(sys.argv[1], 0o755)
			s.listen()
			time.sleep(60)
		EOF
		root_pid=$!
		other_pids+=" $root_pid"
		tap_ok 'one that may not be written to is told, with what to do' wait_until 60 is_warned 1 \
			'Permission denied; dnsd.user nobody needs the right to write to it'
		kill "$root_pid"
		wait "$root_pid"
		rm -f "$dir/tap"
	fi
	start_collector "$dir/first"
	wait_until 60 is_tapped 1
	tap_is 'and one that takes messages' 1 \
		"$(get /metrics | sed -n 's/^orbl_dnsd_dnstap_connected //p')"
	ask 1.2.0.192.bl.example A >/dev/null
	ask 9.9.9.9.bl.example TXT +tcp >/dev/null
	sleep 4 # the collector writes when it has some, or is ended
	stop_collector
	dnstap-read "$dir/first" >"$dir/read" 2>&1
	tap_like 'the query is told' \
		'AQ 127\.0\.0\.1:[0-9]+ -> 127\.0\.0\.1:'"$port"' UDP [0-9]+b 1\.2\.0\.192\.bl\.example/IN/A' \
		"$(cat "$dir/read")"
	tap_like 'and the reply' \
		'AR 127\.0\.0\.1:[0-9]+ <- 127\.0\.0\.1:'"$port"' UDP [0-9]+b 1\.2\.0\.192\.bl\.example/IN/A' \
		"$(cat "$dir/read")"
	tap_like 'over TCP, too' 'AR .* TCP [0-9]+b 9\.9\.9\.9\.bl\.example/IN/TXT' "$(cat "$dir/read")"
	tap_like 'with the packet itself' 'ANSWER SECTION' "$(dnstap-read -p "$dir/first")"
	tap_like 'and its zone' 'query_zone: *"?bl\.example' "$(dnstap-read -y "$dir/first")"
	tap_is 'answers go on without the collector' 127.0.0.2 "$(ask_short 1.2.0.192.bl.example A)"
	start_collector "$dir/second"
	wait_until 60 is_tapped 2
	ask 2.2.0.192.bl.example A >/dev/null
	sleep 4 # the collector writes when it has some, or is ended
	stop_collector
	tap_like 'it is found again' '2\.2\.0\.192\.bl\.example/IN/A' "$(dnstap-read "$dir/second" 2>&1)"
	dnsd_stop
	tap_is 'it ends as it should, too' 0 "$dnsd_status"
fi

# --- files that are none --------------------------------------------------------------------------

mkfifo -m 600 "$dir/fifo"
[ "$(id -u)" != 0 ] || chown nobody "$dir/fifo"
ln -s "$dir/elsewhere" "$dir/link"
tried() { # WORD : an orbl-dnsd with it as query log: its status, and what it says
	write_conf "dnsd.query_log = \"$dir/$1\""
	timeout 20 "$dnsd" -c "$dir/conf" --listen "127.0.0.1@$port" >"$dir/tried" 2>&1
	echo "$? $(paste -sd ' ' "$dir/tried")"
}
tap_like 'a FIFO as query log is an error' '^1 .*query_log: .*/fifo .*neither a file nor a char' \
	"$(tried fifo)"
tap_like 'so is a symbolic link' '^1 .*query_log: .*/link .*symbolic link, which is not followed' \
	"$(tried link)"
for word in fifo link; do
	write_conf "dnsd.statistics_file = \"$dir/$word\"" 'dnsd.statistics_interval = 1'
	dnsd_start -c "$dir/conf"
	tap_is "a $word as statistics file holds nobody up" 127.0.0.2 \
		"$(ask_short 1.2.0.192.bl.example A)"
	tap_like 'and is told' 'statistics_file: .*(neither a file|is not followed)' "$(cat "$dir/log")"
	dnsd_stop
done
tap_is 'nothing is made where a link points' 1 "$(test -e "$dir/elsewhere"; echo $?)"
tap_done
