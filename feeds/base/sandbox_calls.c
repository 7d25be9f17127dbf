#include "sandbox_calls.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <linux/sockios.h>
#include <seccomp.h>

#include "config.h"

/* --- what a sandbox may do, in tables -------------------------------------- */

static const int common_calls[] = {
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
	SCMP_SYS(shutdown),
	SCMP_SYS(getsockopt),
	SCMP_SYS(setsockopt),
	SCMP_SYS(getsockname),
	SCMP_SYS(getpeername),
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

static const int connecting_calls[] = {SCMP_SYS(bind), SCMP_SYS(connect)};
static const int accepting_calls[] = {SCMP_SYS(accept), SCMP_SYS(accept4)};
static const int batch_calls[] = {SCMP_SYS(recvmmsg), SCMP_SYS(sendmmsg)};
static const int file_calls[] = {SCMP_SYS(fstat), SCMP_SYS(newfstatat)};
static const int memory_file_calls[] = {SCMP_SYS(memfd_create), SCMP_SYS(ftruncate),
	SCMP_SYS(lseek), SCMP_SYS(pread64), SCMP_SYS(pwrite64), SCMP_SYS(fallocate)};
/* Of a thread that begins or ends; none can be made any more. */
static const int thread_calls[] = {SCMP_SYS(set_robust_list), SCMP_SYS(rseq)};

static int
allow(scmp_filter_ctx filter, const int *calls, size_t count)
{
	int rc = 0;

	for (size_t i = 0; i < count && rc == 0; i++)
		rc = seccomp_rule_add(filter, SCMP_ACT_ALLOW, calls[i], 0);
	return rc;
}

static int
allow_tables(scmp_filter_ctx filter, const struct sandbox *s)
{
	const struct {
		bool is_wanted;
		const int *calls;
		size_t count;
	} tables[] = {
		{true, common_calls, ORBL_COUNT(common_calls)},
		{s->opens_tcp || s->opens_udp, connecting_calls, ORBL_COUNT(connecting_calls)},
		{s->accepts, accepting_calls, ORBL_COUNT(accepting_calls)},
		{s->sends_batches, batch_calls, ORBL_COUNT(batch_calls)},
		{s->maps_files, file_calls, ORBL_COUNT(file_calls)},
		{s->makes_memory_files, memory_file_calls, ORBL_COUNT(memory_file_calls)},
		{s->has_threads, thread_calls, ORBL_COUNT(thread_calls)},
	};
	int rc = 0;

	for (size_t i = 0; i < ORBL_COUNT(tables) && rc == 0; i++)
		if (tables[i].is_wanted)
			rc = allow(filter, tables[i].calls, tables[i].count);
	return rc;
}

/* --- what depends on arguments ----------------------------------------------- */

static int
allow_sockets(scmp_filter_ctx filter, int type)
{
	static const int families[] = {AF_INET, AF_INET6};
	int rc = 0;

	for (size_t i = 0; i < ORBL_COUNT(families) && rc == 0; i++)
		rc = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(socket), 2,
			SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)families[i], 0),
			SCMP_A1(SCMP_CMP_MASKED_EQ, 0xf, (scmp_datum_t)type));
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

/* No signal to another process, not even by a descriptor that is ready: others have our user. */
static int
allow_own_signals(scmp_filter_ctx filter)
{
	return seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(tgkill), 1,
		SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)getpid(), 0));
}

static int
allow_descriptor_flags(scmp_filter_ctx filter)
{
	static const int commands[] = {F_GETFD, F_SETFD, F_GETFL, F_ADD_SEALS, F_GET_SEALS};
	static const unsigned long requests[] = {FIONREAD, FIONBIO, SIOCOUTQ};
	int rc = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(fcntl), 2,
		SCMP_A1(SCMP_CMP_EQ, F_SETFL, 0), SCMP_A2(SCMP_CMP_MASKED_EQ, O_ASYNC, 0));

	for (size_t i = 0; i < ORBL_COUNT(commands) && rc == 0; i++)
		rc = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(fcntl), 1,
			SCMP_A1(SCMP_CMP_EQ, (scmp_datum_t)commands[i], 0));
	for (size_t i = 0; i < ORBL_COUNT(requests) && rc == 0; i++)
		rc = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(ioctl), 1,
			SCMP_A1(SCMP_CMP_EQ, requests[i], 0));
	return rc;
}

/* A process with threads answers queries: the filter is searched by halves, and what the kernel
 * would do against code of strangers in the same memory, of which there is none, is left out. */
static int
set_attributes(scmp_filter_ctx filter, const struct sandbox *s)
{
	int rc = 0;

	if (s->has_threads)
		rc = seccomp_attr_set(filter, SCMP_FLTATR_CTL_TSYNC, 1);
	if (s->has_threads && rc == 0)
		rc = seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, 2);
	if (s->has_threads) /* not known everywhere */
		(void)seccomp_attr_set(filter, SCMP_FLTATR_CTL_SSB, 1);
	return rc;
}

enum err
sandbox_calls_filter(const struct sandbox *s, struct error *e)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(EPERM));
	int rc = filter == NULL ? -ENOMEM : set_attributes(filter, s);

	if (rc == 0)
		rc = allow_tables(filter, s);
	if (rc == 0 && s->opens_tcp)
		rc = allow_sockets(filter, SOCK_STREAM);
	if (rc == 0 && s->opens_udp)
		rc = allow_sockets(filter, SOCK_DGRAM);
	if (rc == 0)
		rc = allow_memory(filter);
	if (rc == 0)
		rc = allow_own_signals(filter);
	if (rc == 0)
		rc = allow_descriptor_flags(filter);
	if (rc == 0)
		rc = seccomp_load(filter);
	seccomp_release(filter);
	errno = -rc;
	return rc == 0 ? OK : error_errno(e, "seccomp");
}

/* --- for a process that opens files and starts others ---------------------------- */

static const int rare_calls[] = {
	SCMP_SYS(acct),
	SCMP_SYS(add_key),
	SCMP_SYS(bpf),
	SCMP_SYS(chroot),
	SCMP_SYS(delete_module),
	SCMP_SYS(finit_module),
	SCMP_SYS(fsmount),
	SCMP_SYS(fsopen),
	SCMP_SYS(init_module),
	SCMP_SYS(io_uring_setup),
	SCMP_SYS(kexec_file_load),
	SCMP_SYS(kexec_load),
	SCMP_SYS(keyctl),
	SCMP_SYS(mount),
	SCMP_SYS(move_mount),
	SCMP_SYS(open_by_handle_at),
	SCMP_SYS(perf_event_open),
	SCMP_SYS(pivot_root),
	SCMP_SYS(process_vm_readv),
	SCMP_SYS(process_vm_writev),
#ifndef ORBL_SANITIZERS
	SCMP_SYS(ptrace),
#endif
	SCMP_SYS(quotactl),
	SCMP_SYS(reboot),
	SCMP_SYS(request_key),
	SCMP_SYS(setns),
	SCMP_SYS(swapoff),
	SCMP_SYS(swapon),
	SCMP_SYS(umount2),
	SCMP_SYS(unshare),
	SCMP_SYS(userfaultfd),
};

enum err
sandbox_forbid_rare(bool connects, struct error *e)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
	int rc = filter == NULL ? -ENOMEM : 0;

	for (size_t i = 0; i < ORBL_COUNT(rare_calls) && rc == 0; i++)
		rc = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), rare_calls[i], 0);
	if (rc == 0 && !connects)
		rc = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(connect), 0);
	if (rc == 0)
		rc = seccomp_load(filter);
	seccomp_release(filter);
	errno = -rc;
	return rc == 0 ? OK : error_errno(e, "seccomp");
}
