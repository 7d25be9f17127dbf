#!/bin/bash
# all.sh [FIGURE...] - measure these figures, or all, and write docs/benchmarks.md from
# benchmarks.md.in and what was measured last of each. Run by `make bench`; see lib.sh.
set -u
: "${top_srcdir:?}" "${top_builddir:?}"
results=${BENCH_RESULTS:-$top_builddir/bench}
export BENCH_RESULTS=$results
page=$top_srcdir/docs/benchmarks.md
figures=(serve memory compile publish instructions logs probe simulate)

measure() { # FIGURE
	echo "bench: measuring: $1" >&2
	bash "$top_srcdir/tests/bench/$1.sh" >"$results/$1.md.new" ||
		echo "bench: $1 did not come to its end" >&2
	mv "$results/$1.md.new" "$results/$1.md"
}

# --- what it was measured on ---

version_of() { # PATTERN COMMAND OPTION : the number behind the pattern
	local pattern=$1
	shift
	PATH=$PATH:/usr/sbin:/sbin "$@" 2>&1 | grep -Eo "${pattern}[0-9]+\.[0-9][0-9A-Za-z.-]*" |
		head -n1 | sed "s/^[^0-9]*//"
}

peer_version() { # NAME
	case $1 in
	rbldnsd) version_of 'version ' rbldnsd -h ;;
	NSD) version_of 'version ' nsd -v ;;
	'Knot DNS') version_of 'version ' knotd -V ;;
	BIND) version_of 'BIND ' named -v ;;
	dnsperf) version_of 'Version ' dnsperf -h ;;
	valgrind) version_of 'valgrind-' valgrind --version ;;
	ripgrep) version_of 'ripgrep ' rg --version ;;
	mawk) version_of 'mawk ' mawk -W version ;;
	mtail) version_of 'version ' mtail -version ;;
	pflogsumm) version_of 'pflogsumm ' pflogsumm --version ;;
	fail2ban) version_of '' fail2ban-regex --version ;;
	gzip) version_of 'gzip ' gzip --version ;;
	zstd) version_of ' v' zstd --version ;;
	xz) version_of 'Utils) ' xz --version ;;
	esac
}

print_peers() {
	local peer
	cat "$results"/*.peers 2>/dev/null | sort -u | while read -r peer; do
		printf '%s %s\n' "$peer" "$(peer_version "$peer")"
	done | paste -sd, | sed 's/,/, /g'
}

print_machine() {
	printf '| | |\n|---|---|\n'
	printf '| date | %s |\n' "$(date -u +%Y-%m-%d)"
	printf '| processor | %s, %s online |\n' \
		"$(sed -n 's/^model name[[:blank:]]*: //p' /proc/cpuinfo | head -n1)" "$(nproc)"
	printf '| memory | %s GB |\n' "$(awk '/^MemTotal:/ { printf "%.0f", $2 / 1048576 }' /proc/meminfo)"
	printf '| kernel | %s |\n' "$(uname -sr)"
	printf '| system | %s |\n' "$(sed -n 's/^PRETTY_NAME="\(.*\)"/\1/p' /etc/os-release)"
	printf '| orbl | %s, %s |\n' "$("$top_builddir/orbl-dnsd" -V | head -n1)" \
		"$(sed -n "s/^CFLAGS = //p" "$top_builddir/Makefile")"
	printf '| compared with | %s |\n' "$(print_peers)"
}

print_targets() {
	printf '| what | target | measured | |\n|---|---|---|---|\n'
	for figure in "${figures[@]}"; do
		cat "$results/$figure.targets" 2>/dev/null
	done
}

# --- the page ---

# A line "@NAME@" becomes $results/NAME.md.
print_page() {
	local line
	while IFS= read -r line; do
		case $line in
		@*@)
			line=${line//@/}
			if [ -s "$results/$line.md" ]; then
				sed -e :a -e '/^\n*$/{$d;N;ba' -e '}' "$results/$line.md"
			else
				echo 'Not measured.'
			fi
			;;
		*) printf '%s\n' "$line" ;;
		esac
	done <"$top_srcdir/tests/bench/benchmarks.md.in"
}

main() {
	local figure
	mkdir -p "$results" || exit
	# The simulated year takes as long as all the others together: only when it is named.
	[ $# -gt 0 ] || set -- "${figures[@]:0:${#figures[@]}-1}"
	for figure in "$@"; do
		[ "$figure" = page ] || measure "$figure"
	done
	print_machine >"$results/machine.md"
	print_targets >"$results/targets.md"
	print_page >"$page.new" && mv "$page.new" "$page"
	echo "bench: written: $page" >&2
	cat "$results/targets.md"
}

main "$@"
