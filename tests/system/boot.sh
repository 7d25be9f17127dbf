#!/bin/bash
# boot.sh ROOT INSTALLED - systemd as PID 1 of a small system of its own, on ROOT, an empty
# directory: this machine's /usr, and over it what `make install DESTDIR=INSTALLED` has made. Called
# by booted.sh, in namespaces of its own; nothing of it is left when its PID 1 is gone.
set -eu
root=$1 installed=$2

mount --make-rprivate /
mount -t tmpfs -o mode=755 tmpfs "$root"
cp -a "$installed" "$root/installed"
cd "$root"
mkdir usr upper work etc etc/systemd var var/lib var/log var/log/journal run tmp dev proc sys old \
	root home
chmod 1777 tmp
ln -s ../run var/run
for link in bin sbin lib lib32 lib64; do
	[ ! -L "/$link" ] || cp -P "/$link" "$link"
done
mount -t overlay -o "lowerdir=/usr,upperdir=upper,workdir=work" overlay usr

# Settings of the kernel that are not of these namespaces can only be read.
mount -t proc proc proc
mount --bind proc/sys proc/sys
mount -o remount,bind,ro proc/sys
mount --bind proc/sys/net proc/sys/net
mount -o remount,bind,rw proc/sys/net
mount -t sysfs -o ro sysfs sys
mount -t cgroup2 cgroup2 sys/fs/cgroup

mount -t tmpfs -o mode=755 tmpfs dev
for device in null zero full random urandom tty; do
	: >"dev/$device"
	mount --bind "/dev/$device" "dev/$device"
done
mkdir dev/pts dev/shm
mount -t devpts -o newinstance,ptmxmode=0666 devpts dev/pts
mount -t tmpfs -o mode=1777 tmpfs dev/shm
mount -t tmpfs -o mode=755 tmpfs run
ln -s pts/ptmx dev/ptmx
ln -s /proc/self/fd dev/fd

for file in passwd group shadow nsswitch.conf services protocols pam.d security ld.so.cache \
	ld.so.conf ld.so.conf.d alternatives ssl dbus-1; do
	[ ! -e "/etc/$file" ] || cp -a "/etc/$file" etc/
done
sed -i '/^orbl:/d' etc/passwd etc/group etc/shadow
echo booted >etc/hostname
printf '%s\n' '127.0.0.1 localhost booted' '::1 localhost' >etc/hosts
: >etc/machine-id
rm -rf installed/var/run installed/run
cp -a installed/. .
rm -rf installed

pivot_root . old
umount -l /old
# As systemd has it, unless it is in a container: credentials are mounted by a helper of its own.
mount --make-rshared /
ip link set lo up
exec env -i container=other PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin \
	/lib/systemd/systemd --system --log-target=journal --show-status=no \
	systemd.unit=multi-user.target
