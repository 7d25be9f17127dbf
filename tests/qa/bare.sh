#!/bin/bash
# bare.sh [--worktree] [run] [check] [COMMAND...] - does a fresh clone work on a bare Debian 12?
#
# Debootstraps a minimal system, clones the project into it, and runs there `./bootstrap run
# --once` and `./bootstrap check` (both, when none is named; any other argument is taken as a shell
# command). Mirror, proxy and keys are the ones this machine's own apt uses. --worktree
# lays the files of the working tree, committed or not, over the clone.
#
# Needs root and debootstrap; two gigabytes under $TMPDIR (/var/tmp).
set -u
release=bookworm
top=$(cd "$(dirname "$0")/../.." && pwd)

say() {
	printf 'bare: %s\n' "$*"
}

fail() {
	say "$*" >&2
	return 1
}

# --- what the host's apt knows ---

mirrors() { # prints: URI RELEASE COMPONENT
	apt-get indextargets --format '$(REPO_URI) $(RELEASE) $(COMPONENT) $(ORIGIN)' \
		'Identifier: Packages' | sort -u |
		awk -v release="$release" '$4 == "Debian" && index($2, release) == 1 {
			print $1, $2, $3 }'
}

write_sources() { # ROOT
	mirrors | sed 's/^/deb /' >"$1/etc/apt/sources.list"
	apt-config dump | grep -E '^Acquire::(http|https|Check|Retries)' \
		>"$1/etc/apt/apt.conf.d/00host"
	[ ! -d /etc/apt/auth.conf.d ] || cp -R /etc/apt/auth.conf.d "$1/etc/apt/"
	cp /etc/resolv.conf /etc/hosts "$1/etc/"
	# A mirror behind https may need a certificate that only this host trusts.
	[ ! -e /etc/ssl/certs/ca-certificates.crt ] || { mkdir -p "$1/etc/ssl/certs" &&
		cp /etc/ssl/certs/ca-certificates.crt "$1/etc/ssl/certs/"; }
}

install_debian() { # ROOT
	local mirror proxy
	mirror=$(mirrors | awk -v release="$release" '$2 == release && $3 == "main" { print $1 }')
	mirror=${mirror%%$'\n'*}
	[ -n "$mirror" ] ||
		{ fail "apt here knows no mirror of $release (apt-get update?)"; return 1; }
	proxy=$(apt-config dump --format '%v' Acquire::http::Proxy)
	say "debootstrap $release from the mirror of this host"
	[ -z "$proxy" ] || export http_proxy=$proxy https_proxy=$proxy
	debootstrap --variant=minbase "$release" "$1" "$mirror" >"$1.log" 2>&1 ||
		{ tail -n 20 "$1.log"; fail 'debootstrap failed'; return 1; }
	write_sources "$1"
}

# --- inside namespaces of its own: nothing mounted here is seen outside, or outlives us ---

mount_system() { # ROOT
	local name
	mount -t proc proc "$1/proc" && mount -t tmpfs -o mode=755 dev "$1/dev" || return
	for name in null zero full random urandom tty; do
		touch "$1/dev/$name" && mount --bind "/dev/$name" "$1/dev/$name" || return
	done
	mkdir -p "$1/dev/shm" "$1/dev/pts"
	mount -t tmpfs -o mode=1777 shm "$1/dev/shm"
	mount -t devpts -o newinstance,ptmxmode=666 pts "$1/dev/pts"
	ln -s pts/ptmx "$1/dev/ptmx"
	ln -s /proc/self/fd "$1/dev/fd"
	ln -s fd/0 "$1/dev/stdin" && ln -s fd/1 "$1/dev/stdout" && ln -s fd/2 "$1/dev/stderr"
}

clone() { # ROOT
	git -c safe.directory='*' clone -q --no-hardlinks "$top" "$1/srv/orbl" || return
	[ "$worktree" = yes ] || return 0
	cd "$top" && git -c safe.directory='*' ls-files -z --cached --others --exclude-standard |
		while IFS= read -r -d '' file; do
			[ ! -e "$file" ] || printf '%s\0' "$file" # else deleted, not yet committed
		done | tar -c --null -T - | tar -x --no-same-owner -C "$1/srv/orbl"
}

inside() { # ROOT COMMAND
	env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root \
		LANG=C.UTF-8 chroot "$1" bash -c "cd /srv/orbl && $2" </dev/null
}

run_inside() { # ROOT TASK...
	local root=$1 task command start bad=0
	shift
	install_debian "$root" && mount_system "$root" && clone "$root" || return
	for task in "$@"; do
		case $task in
		run) command='./bootstrap run --once' ;;
		check) command='./bootstrap check' ;;
		*) command=$task ;;
		esac
		start=$SECONDS
		say "$command"
		if inside "$root" "$command"; then
			say "ok: $command ($((SECONDS - start)) s)"
		else
			say "FAILED: $command ($((SECONDS - start)) s)"
			bad=1
		fi
	done
	return "$bad"
}

main() {
	local root status=0
	[ "$(id -u)" = 0 ] || { fail 'must be root'; exit 1; }
	command -v debootstrap >/dev/null || { fail 'needs the package debootstrap'; exit 1; }
	root=$(mktemp -d "${TMPDIR:-/var/tmp}/orbl-bare.XXXXXX") || exit
	chmod 755 "$root"
	# The mounts are made in the namespaces of the second bash and are gone with it.
	trap 'rm -rf --one-file-system "$root" "$root.log"' EXIT
	trap 'exit 130' INT
	trap 'exit 143' TERM
	worktree=$worktree unshare -m -p -f --kill-child --propagation private \
		bash "$0" --inside "$root" "$@" || status=$?
	exit "$status"
}

worktree=${worktree:-no}
[ "${1:-}" != --worktree ] || { worktree=yes; shift; }
if [ "${1:-}" = --inside ]; then
	shift
	run_inside "$@"
else
	[ $# != 0 ] || set -- run check
	main "$@"
fi
