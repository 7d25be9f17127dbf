#include <orbl/sandbox.h>

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "config.h"
#include "sandbox_calls.h"

#include <linux/capability.h>

#ifdef HAVE_LINUX_LANDLOCK_H
#include <linux/landlock.h>
#endif

/* --- root --------------------------------------------------------------- */

/* The directory of our own descriptors holds nothing that can be opened but them, and exists
 * wherever /proc does. A root without the right to do it (of a container, or of a service manager)
 * has no files kept from him by it: Landlock and seccomp do that. */
static enum err
enter_empty_root(struct error *e)
{
	static const char *const roots[] = {"/var/empty", "/proc/self/fdinfo"};

	for (size_t i = 0; i < ORBL_COUNT(roots); i++)
		if (chroot(roots[i]) == 0)
			return chdir("/") == 0 ? OK : error_errno(e, "chdir to the empty root");
	return errno == EPERM ? OK : error_errno(e, "chroot to %s", roots[1]);
}

static enum err
become(const struct passwd *pw, struct error *e)
{
	if (setgroups(0, NULL) != 0 || setresgid(pw->pw_gid, pw->pw_gid, pw->pw_gid) != 0 ||
		setresuid(pw->pw_uid, pw->pw_uid, pw->pw_uid) != 0)
		return error_errno(e, "becoming user %s", pw->pw_name);
	if (setuid(0) == 0)
		return error_set(e, ERR_REFUSED, "user %s can become root again", pw->pw_name);
	return OK;
}

/* Those that a service manager gave to another user than root, such as the right to a low port. It
 * may have kept the call from us, too. */
static void
drop_capabilities(void)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {{.effective = 0}};

	prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
	(void)syscall(SYS_capset, &header, none);
}

static enum err
find_user(const struct sandbox *s, const struct passwd **pw, struct error *e)
{
	errno = 0;
	*pw = getpwnam(s->user[0] != '\0' ? s->user : "nobody");
	if (*pw == NULL)
		return error_set(e, ERR_NOT_FOUND, "%s: there is no user \"%s\"", s->option,
			s->user);
	if ((*pw)->pw_uid == 0)
		return error_set(e, ERR_REFUSED, "%s must not be root", s->option);
	return OK;
}

enum err
sandbox_check_user(const struct sandbox *s, struct error *e)
{
	const struct passwd *pw;

	return geteuid() == 0 ? find_user(s, &pw, e) : OK;
}

enum err
sandbox_become_user(const struct sandbox *s, struct error *e)
{
	const struct passwd *pw;
	enum err err;

	if (geteuid() != 0) {
		drop_capabilities();
		return OK;
	}
	err = find_user(s, &pw, e);
	return err == OK ? become(pw, e) : err;
}

static enum err
leave_root(const struct sandbox *s, struct error *e)
{
	const struct passwd *pw;
	enum err err;

	if (geteuid() != 0) {
		drop_capabilities();
		return OK;
	}
	err = find_user(s, &pw, e);
	if (err == OK)
		err = enter_empty_root(e);
	return err == OK ? become(pw, e) : err;
}

/* --- Landlock ------------------------------------------------------------- */

#if defined(HAVE_LINUX_LANDLOCK_H) && defined(SYS_landlock_create_ruleset)

enum {
	/* What the first version knows; where all is forbidden seccomp forbids the rest as well. */
	EVERYTHING = (LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1,
	WRITING = EVERYTHING &
		~(LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_READ_FILE |
			LANDLOCK_ACCESS_FS_READ_DIR),
};

static enum err
allow_below(int rules, const char *path, struct error *e)
{
	struct landlock_path_beneath_attr beneath = {.allowed_access = WRITING};
	bool done;

	if (path[0] == '\0')
		return OK;
	beneath.parent_fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (beneath.parent_fd < 0)
		return OK;
	done = syscall(SYS_landlock_add_rule, rules, LANDLOCK_RULE_PATH_BENEATH, &beneath, 0) == 0;
	close(beneath.parent_fd);
	return done ? OK : error_errno(e, "landlock: %s", path);
}

static enum err
forbid_files(uint64_t what, const char *const *except, size_t count, struct error *e)
{
	struct landlock_ruleset_attr attr = {.handled_access_fs = what};
	long rules = syscall(SYS_landlock_create_ruleset, &attr, sizeof(attr), 0);
	enum err err = OK;

	if (rules < 0) /* an older kernel, or not switched on */
		return OK;
	for (size_t i = 0; err == OK && i < count; i++)
		err = allow_below((int)rules, except[i], e);
	if (err == OK && syscall(SYS_landlock_restrict_self, rules, 0) != 0)
		err = error_errno(e, "landlock");
	close((int)rules);
	return err;
}

#else

enum { EVERYTHING, WRITING };

static enum err
forbid_files(uint64_t what, const char *const *except, size_t count, struct error *e)
{
	(void)what;
	(void)except;
	(void)count;
	(void)e;
	return OK;
}

#endif

enum err
sandbox_forbid_writing(const char *const *except, size_t count, struct error *e)
{
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		return error_errno(e, "no_new_privs");
	return forbid_files(WRITING, except, count, e);
}

/* --- limits ------------------------------------------------------------- */

static enum err
set_limits(const struct sandbox *s, struct error *e)
{
	static const struct {
		__rlimit_resource_t resource;
		const char *name;
	} limits[] = {
		{RLIMIT_CORE, "RLIMIT_CORE"},
		{RLIMIT_NPROC, "RLIMIT_NPROC"},
		{RLIMIT_FSIZE, "RLIMIT_FSIZE"},
	};
	struct rlimit none = {0, 0};

	for (size_t i = 0; i < ORBL_COUNT(limits); i++)
		if ((limits[i].resource != RLIMIT_FSIZE || !s->writes_files) &&
			setrlimit(limits[i].resource, &none) != 0)
			return error_errno(e, "setrlimit %s", limits[i].name);
	return OK;
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

static int
compare_descriptors(const void *a, const void *b)
{
	int x = *(const int *)a, y = *(const int *)b;

	return (x > y) - (x < y);
}

void
sandbox_close_others(int *keep, size_t count)
{
	unsigned from = STDERR_FILENO + 1;

	qsort(keep, count, sizeof(*keep), compare_descriptors);
	for (size_t i = 0; i < count; i++) {
		if (keep[i] < (int)from)
			continue;
		if ((unsigned)keep[i] > from)
			close_range(from, (unsigned)keep[i] - 1, 0);
		from = (unsigned)keep[i] + 1;
	}
	close_range(from, ~0U, 0);
}

/* --- all of it ------------------------------------------------------------ */

/* The user comes first: with it the kernel forgets that the parent's death is asked for. */
enum err
sandbox_prepare(const struct sandbox *s, struct error *e)
{
	enum err err;

	tzset(); /* reads its file now or never */
	err = leave_root(s, e);
	if (err == OK && s->ends_with_parent && prctl(PR_SET_PDEATHSIG, SIGKILL) != 0)
		err = error_errno(e, "ending with the parent");
	if (err == OK && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		err = error_errno(e, "no_new_privs");
	return err == OK ? forbid_files(EVERYTHING, NULL, 0, e) : err;
}

enum err
sandbox_seal(const struct sandbox *s, struct error *e)
{
	enum err err = set_limits(s, e);

	return err == OK ? sandbox_calls_filter(s, e) : err;
}

enum err
sandbox_enter(const struct sandbox *s, struct error *e)
{
	enum err err = sandbox_prepare(s, e);

	return err == OK ? sandbox_seal(s, e) : err;
}
