#!/bin/bash
# mta_root.sh DIR PACKAGE HOSTNAME - run a mail server from PACKAGE, an unpacked .deb, as the
# first process of mount, pid and uts namespaces that mta_lab.sh made: DIR/main, a script, if
# there is one, else Postfix. DIR/var is its /var, DIR/devlog its /dev/log, DIR/etc lies over its
# /etc.
#
# The root is built on a tmpfs: /usr is the host's, entry by entry a link, with copies of the
# package's entries among them. An overlay mount would do that, too, but is refused on top of
# another overlay and in many containers. Only the files named below come from the host's /etc.
set -eu
dir=$1 package=$2 hostname=$3
root=$dir/root

bind() { # SOURCE TARGET
	if [ -d "$1" ]; then mkdir -p "$2"; else touch "$2"; fi
	mount --bind "$1" "$2"
}

lay_over() { # DIR: make $root/DIR of the host's and the package's /DIR
	local entry
	mkdir -p "$root/$1"
	# Both lists may be long, so the links are made by one ln each.
	find "/$1" -mindepth 1 -maxdepth 1 -printf "/run/host/$1/%f\0" |
		xargs -0r ln -s -t "$root/$1"
	for entry in "$package/$1"/*; do
		[ -e "$entry" ] || [ -L "$entry" ] || continue
		lay_over_entry "$1/${entry##*/}"
	done
}

lay_over_entry() { # PATH
	rm -f "${root:?}/$1"
	if [ -d "$package/$1" ] && [ ! -L "$package/$1" ] && [ -d "/$1" ]; then
		lay_over "$1"
	else
		cp -a "$package/$1" "$root/$1"
	fi
}

make_usr() {
	local name
	bind /usr "$root/run/host/usr"
	lay_over usr
	for name in bin sbin lib lib32 lib64 libx32 libo32; do
		if [ -L "/$name" ]; then
			ln -s "usr/$name" "$root/$name"
		elif [ -d "/$name" ]; then
			bind "/$name" "$root/$name"
		fi
	done
}

make_etc() {
	local name
	mkdir -p "$root/etc"
	for name in ld.so.cache ld.so.conf ld.so.conf.d services protocols localtime; do
		[ ! -e "/etc/$name" ] || cp -RP "/etc/$name" "$root/etc/"
	done
	cat >"$root/etc/passwd" <<-END
	root:x:0:0:root:/root:/bin/sh
	nobody:x:65534:65534::/nonexistent:/usr/sbin/nologin
	postfix:x:5525:5525::/var/spool/postfix:/usr/sbin/nologin
	Debian-exim:x:5527:5527::/var/spool/exim4:/usr/sbin/nologin
	opensmtpd:x:5528:5528::/var/lib/opensmtpd/empty:/usr/sbin/nologin
	opensmtpq:x:5529:5529::/var/lib/opensmtpd/empty:/usr/sbin/nologin
	smmta:x:5530:5530::/var/lib/sendmail:/usr/sbin/nologin
	smmsp:x:5531:5531::/var/lib/sendmail:/usr/sbin/nologin
	uucp:x:10:10::/var/spool/uucp:/usr/sbin/nologin
	mail:x:8:8::/var/mail:/usr/sbin/nologin
	alice:x:5532:5532::/home:/usr/sbin/nologin
	END
	printf '%s\n' root:x:0: mail:x:8: uucp:x:10: nogroup:x:65534: postfix:x:5525: postdrop:x:5526: \
		Debian-exim:x:5527: opensmtpd:x:5528: opensmtpq:x:5529: smmta:x:5530: \
		smmsp:x:5531: alice:x:5532: >"$root/etc/group"
	printf '%s\n' 'passwd: files' 'group: files' 'hosts: files dns' 'services: files' \
		>"$root/etc/nsswitch.conf"
	printf '%s\n' '127.0.0.1 localhost' '::1 localhost' >"$root/etc/hosts"
	cp "$dir/resolv.conf" "$root/etc/resolv.conf"
	[ ! -e "$dir/config" ] || bind "$dir/config" "$root/etc/postfix"
	[ ! -e "$dir/etc" ] || cp -a "$dir/etc/." "$root/etc/"
}

make_dev() {
	local name
	mkdir -p "$root/dev"
	for name in null zero full random urandom tty; do
		bind "/dev/$name" "$root/dev/$name"
	done
	ln -s /proc/self/fd "$root/dev/fd"
	[ ! -e "$dir/devlog" ] || bind "$dir/devlog" "$root/dev/log"
}

make_root() {
	mount -t tmpfs -o mode=755 root "$root"
	mkdir -p "$root/run" "$root/proc" "$root/root"
	mkdir -m 1777 "$root/tmp"
	mkdir "$root/home"
	chown 5532:5532 "$root/home"
	make_usr
	make_etc
	make_dev
	mount -t proc proc "$root/proc"
	bind "$dir/var" "$root/var"
}

run_postfix() {
	# The queue belongs to users that only the private /etc knows; Postfix makes it at its
	# start.
	chroot "$root" chown postfix /var/lib/postfix
	trap 'kill -TERM $(cat "$dir/var/spool/postfix/pid/master.pid")' TERM
	in_root /usr/sbin/postfix start-fg &
}

# TERM goes to all in the namespace but this process.
run_main() {
	trap 'kill -TERM -1' TERM
	cp "$dir/main" "$root/run/main"
	in_root /bin/bash /run/main &
}

in_root() { # COMMAND...
	exec env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin chroot "$root" "$@"
}

hostname "$hostname"
make_root
chmod 1777 "$root/var/tmp"
# Not exec: the kernel's order to kill this process when its parent dies (unshare --kill-child)
# is forgotten by a process that changes its user, as servers do.
if [ -e "$dir/main" ]; then run_main; else run_postfix; fi
set +e
wait $!
wait $!
