#!/bin/bash
# valgrind.sh BUILDDIR - the unit programs of a build without sanitizers, under valgrind.
# Not part of `make check`: it takes some minutes. Left out are check_prober, check_rights and check_sandbox,
# whose children forbid themselves the system calls that valgrind needs, check_file, which
# interrupts itself so often that it gets nowhere at valgrind's speed, check_live, whose
# threads wait for each other, of which valgrind runs one at a time, and check_control_socket, which
# runs out of files on purpose, of which valgrind needs some.
set -u
build=${1:?usage: valgrind.sh BUILDDIR}
top_srcdir=$(cd "$(dirname "$0")/../.." && pwd)
top_builddir=$(cd "$build" && pwd) || exit
export top_srcdir top_builddir
passed=0 failed=0

for program in "$top_builddir"/tests/unit/check_*; do
	case ${program##*/} in
	*.log|*.trs|*.o|check_control_socket|check_file|check_live|check_prober|check_rights|check_sandbox) continue ;;
	esac
	[ -x "$program" ] || continue
	if output=$(CK_DEFAULT_TIMEOUT=300 timeout 900 valgrind -q --leak-check=full \
		--show-leak-kinds=definite --errors-for-leak-kinds=definite "$program" 2>&1 | cat) &&
		! grep -Eq '^==[0-9]+==|^not ok' <<<"$output"; then
		passed=$((passed + 1))
	else
		failed=$((failed + 1))
		printf '%s\n%s\n' "$program" "$output" | grep -E '^/|^==|^not ok' | head -n 40
	fi
done
printf '%d passed, %d failed\n' "$passed" "$failed"
[ "$failed" = 0 ]
