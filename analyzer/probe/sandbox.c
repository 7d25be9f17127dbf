#include "sandbox.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <seccomp.h>

#include "config.h"

#ifdef HAVE_LINUX_LANDLOCK_H
#include <linux/landlock.h>
#endif

/* --- root --------------------------------------------------------------- */

/* The directory of our own descriptors holds nothing that can be opened but them, and exists
 * wherever /proc does. */
static enum err
enter_empty_root(struct error *e)
{
	static const char *const roots[] = {"/var/empty", "/proc/self/fdinfo"};

	for (size_t i = 0; i < ORBL_COUNT(roots); i++)
		if (chroot(roots[i]) == 0)
			return chdir("/") == 0 ? OK : error_errno(e, "chdir to the empty root");
	return error_errno(e, "chroot to %s", roots[1]);
}

static enum err
become_user(const struct passwd *pw, struct error *e)
{
	if (setgroups(0, NULL) != 0 || setresgid(pw->pw_gid, pw->pw_gid, pw->pw_gid) != 0 ||
		setresuid(pw->pw_uid, pw->pw_uid, pw->pw_uid) != 0)
		return error_errno(e, "becoming user %s", pw->pw_name);
	if (setuid(0) == 0)
		return error_set(e, ERR_REFUSED, "user %s can become root again", pw->pw_name);
	return OK;
}

static enum err
find_user(const char *user, const struct passwd **pw, struct error *e)
{
	errno = 0;
	*pw = getpwnam(user[0] != '\0' ? user : "nobody");
	if (*pw == NULL)
		return error_set(e, ERR_NOT_FOUND, "probe.user: there is no user \"%s\"", user);
	if ((*pw)->pw_uid == 0)
		return error_set(e, ERR_REFUSED, "probe.user must not be root");
	return OK;
}

enum err
sandbox_check_user(const char *user, struct error *e)
{
	const struct passwd *pw;

	return geteuid() == 0 ? find_user(user, &pw, e) : OK;
}

static enum err
leave_root(const char *user, struct error *e)
{
	const struct passwd *pw;
	enum err err;

	if (geteuid() != 0)
		return OK;
	err = find_user(user, &pw, e);
	if (err == OK)
		err = enter_empty_root(e);
	return err == OK ? become_user(pw, e) : err;
}

/* --- Landlock: no right on any file ------------------------------------- */

static enum err
forbid_files(struct error *e)
{
#if defined(HAVE_LINUX_LANDLOCK_H) && defined(SYS_landlock_create_ruleset)
	/* What the first version knows; seccomp forbids the rest as well. */
	struct landlock_ruleset_attr attr = {
		.handled_access_fs = (LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1,
	};
	long fd = syscall(SYS_landlock_create_ruleset, &attr, sizeof(attr), 0);
	bool done;

	if (fd < 0) /* an older kernel, or not switched on */
		return OK;
	done = syscall(SYS_landlock_restrict_self, fd, 0) == 0;
	close((int)fd);
	return done ? OK : error_errno(e, "landlock");
#else
	(void)e;
	return OK;
#endif
}

/* --- limits ------------------------------------------------------------- */

static enum err
set_limits(struct error *e)
{
	static const struct {
		__rlimit_resource_t resource;
		const char *name;
	} limits[] = {
		{RLIMIT_CORE, "RLIMIT_CORE"},
		{RLIMIT_FSIZE, "RLIMIT_FSIZE"},
		{RLIMIT_NPROC, "RLIMIT_NPROC"},
	};
	struct rlimit none = {0, 0};

	for (size_t i = 0; i < ORBL_COUNT(limits); i++)
		if (setrlimit(limits[i].resource, &none) != 0)
			return error_errno(e, "setrlimit %s", limits[i].name);
	return OK;
}

/* --- seccomp ------------------------------------------------------------ */

static const int allowed_calls[] = {
	/* sockets that are there */
	SCMP_SYS(read),
	SCMP_SYS(write),
	SCMP_SYS(readv),
	SCMP_SYS(writev),
	SCMP_SYS(recvfrom),
	SCMP_SYS(sendto),
	SCMP_SYS(recvmsg),
	SCMP_SYS(sendmsg),
	SCMP_SYS(close),
	SCMP_SYS(bind),
	SCMP_SYS(connect),
	SCMP_SYS(accept),
	SCMP_SYS(accept4),
	SCMP_SYS(shutdown),
	SCMP_SYS(getsockopt),
	SCMP_SYS(setsockopt),
	SCMP_SYS(getsockname),
	SCMP_SYS(getpeername),
	SCMP_SYS(fcntl),
	SCMP_SYS(ioctl),
	/* waiting */
	SCMP_SYS(epoll_wait),
	SCMP_SYS(epoll_pwait),
	SCMP_SYS(epoll_pwait2),
	SCMP_SYS(epoll_ctl),
	SCMP_SYS(poll),
	SCMP_SYS(ppoll),
	SCMP_SYS(clock_gettime),
	SCMP_SYS(gettimeofday),
	SCMP_SYS(time),
	SCMP_SYS(restart_syscall),
	SCMP_SYS(futex),
	/* memory */
	SCMP_SYS(brk),
	SCMP_SYS(munmap),
	SCMP_SYS(mremap),
	SCMP_SYS(madvise),
	SCMP_SYS(getrandom),
	/* the end */
	SCMP_SYS(exit),
	SCMP_SYS(exit_group),
	SCMP_SYS(rt_sigreturn),
	SCMP_SYS(rt_sigprocmask),
	SCMP_SYS(rt_sigaction),
	SCMP_SYS(getpid),
	SCMP_SYS(gettid),
	SCMP_SYS(tgkill),
#ifdef ORBL_SANITIZERS
	SCMP_SYS(sigaltstack),
	SCMP_SYS(sched_yield),
	SCMP_SYS(sched_getaffinity),
	SCMP_SYS(prctl),
	SCMP_SYS(getrusage),
	SCMP_SYS(getrlimit),
	SCMP_SYS(prlimit64),
#endif
};

static int
allow_sockets(scmp_filter_ctx filter)
{
	static const int families[] = {AF_INET, AF_INET6};
	int rc = 0;

	for (size_t i = 0; i < ORBL_COUNT(families) && rc == 0; i++)
		rc = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(socket), 2,
			SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)families[i], 0),
			SCMP_A1(SCMP_CMP_MASKED_EQ, 0xf, SOCK_STREAM));
	return rc;
}

/* Memory may be had, but never to run as code. */
static int
allow_memory(scmp_filter_ctx filter)
{
	static const int calls[] = {SCMP_SYS(mmap), SCMP_SYS(mprotect)};
	int rc = 0;

	for (size_t i = 0; i < ORBL_COUNT(calls) && rc == 0; i++)
		rc = seccomp_rule_add(filter, SCMP_ACT_ALLOW, calls[i], 1,
			SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
	return rc;
}

static enum err
forbid_calls(struct error *e)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(EPERM));
	int rc = filter == NULL ? -ENOMEM : 0;

	for (size_t i = 0; i < ORBL_COUNT(allowed_calls) && rc == 0; i++)
		rc = seccomp_rule_add(filter, SCMP_ACT_ALLOW, allowed_calls[i], 0);
	if (rc == 0)
		rc = allow_sockets(filter);
	if (rc == 0)
		rc = allow_memory(filter);
	if (rc == 0)
		rc = seccomp_load(filter);
	seccomp_release(filter);
	errno = -rc;
	return rc == 0 ? OK : error_errno(e, "seccomp");
}

void
sandbox_close_others(int keep, int keep_too)
{
	int low = keep < keep_too ? keep : keep_too, high = keep < keep_too ? keep_too : keep;

	if (low > 3)
		close_range(3, (unsigned)low - 1, 0);
	if (high > low + 1)
		close_range((unsigned)low + 1, (unsigned)high - 1, 0);
	close_range((unsigned)high + 1, ~0U, 0);
}

size_t
sandbox_raise_descriptors(size_t wanted)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
		return 0;
	if (limit.rlim_cur < wanted) {
		limit.rlim_cur = wanted < limit.rlim_max ? wanted : limit.rlim_max;
		if (setrlimit(RLIMIT_NOFILE, &limit) != 0)
			getrlimit(RLIMIT_NOFILE, &limit);
	}
	return limit.rlim_cur < wanted ? (size_t)limit.rlim_cur : wanted;
}

enum err
sandbox_enter(const char *user, struct error *e)
{
	enum err err;

	tzset(); /* reads its file now or never */
	err = leave_root(user, e);
	if (err == OK && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		err = error_errno(e, "no_new_privs");
	if (err == OK)
		err = forbid_files(e);
	if (err == OK)
		err = set_limits(e);
	return err == OK ? forbid_calls(e) : err;
}
