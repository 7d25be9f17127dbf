/* kill_at_write - preloaded into a program: it is killed at its N-th write below a directory.
 *
 *	KILL_AT_WRITE_BELOW   the directory
 *	KILL_AT_WRITE         N, from 1; 0 or unset: never
 *	KILL_AT_WRITE_HALF    not empty: the first half of that write is still done
 *	KILL_AT_WRITE_COUNT   a file that gets the number of writes when the program ends by itself
 *
 * Counted are write, pwrite, fsync, fdatasync, rename, link and ftruncate of the program itself,
 *not of the processes that it forks, and not on its standard streams.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { PATH_SIZE = 4096 };

/* A library that is preloaded has nowhere else to keep it. */
static struct {
	bool counts;
	char below[PATH_SIZE];
	unsigned long at, count;
	bool half;
} self;

static void
stop_counting(void)
{
	self.counts = false;
}

__attribute__((constructor)) static void
begin(void)
{
	const char *below = getenv("KILL_AT_WRITE_BELOW"), *at = getenv("KILL_AT_WRITE"),
		   *half = getenv("KILL_AT_WRITE_HALF");

	if (below == NULL)
		return;
	snprintf(self.below, sizeof(self.below), "%s/", below);
	self.at = at != NULL ? strtoul(at, NULL, 10) : 0;
	self.half = half != NULL && half[0] != '\0';
	self.counts = true;
	pthread_atfork(NULL, NULL, stop_counting);
}

__attribute__((destructor)) static void
end(void)
{
	const char *path = getenv("KILL_AT_WRITE_COUNT");
	FILE *out;

	if (!self.counts || path == NULL)
		return;
	stop_counting();
	out = fopen(path, "w");
	if (out == NULL)
		return;
	fprintf(out, "%lu\n", self.count);
	fclose(out);
}

static bool
is_below(const char *path)
{
	return strncmp(path, self.below, strlen(self.below)) == 0;
}

static bool
is_open_below(int fd)
{
	char name[64], path[PATH_SIZE];
	ssize_t n;

	if (!self.counts || fd <= STDERR_FILENO)
		return false;
	snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
	n = readlink(name, path, sizeof(path) - 1);
	if (n < 0)
		return false;
	path[n] = '\0';
	return is_below(path);
}

/* Is this the one? */
static bool
is_last(bool below)
{
	return below && ++self.count == self.at;
}

static void
die(void)
{
	kill(getpid(), SIGKILL);
	for (;;)
		pause();
}

/* The function of the C library that this one stands before. */
#define NEXT(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

ssize_t
write(int fd, const void *bytes, size_t len)
{
	if (is_last(is_open_below(fd))) {
		if (self.half)
			syscall(SYS_write, fd, bytes, len / 2);
		die();
	}
	return NEXT(write)(fd, bytes, len);
}

ssize_t
pwrite(int fd, const void *bytes, size_t len, off_t at)
{
	if (is_last(is_open_below(fd))) {
		if (self.half)
			syscall(SYS_pwrite64, fd, bytes, len / 2, at);
		die();
	}
	return NEXT(pwrite)(fd, bytes, len, at);
}

ssize_t
pwrite64(int fd, const void *bytes, size_t len, off64_t at)
{
	return pwrite(fd, bytes, len, at);
}

int
fsync(int fd)
{
	if (is_last(is_open_below(fd)))
		die();
	return NEXT(fsync)(fd);
}

int
fdatasync(int fd)
{
	if (is_last(is_open_below(fd)))
		die();
	return NEXT(fdatasync)(fd);
}

int
ftruncate(int fd, off_t size)
{
	if (is_last(is_open_below(fd)))
		die();
	return NEXT(ftruncate)(fd, size);
}

int
ftruncate64(int fd, off64_t size)
{
	return ftruncate(fd, size);
}

int
rename(const char *from, const char *to)
{
	if (is_last(self.counts && is_below(to)))
		die();
	return NEXT(rename)(from, to);
}

int
link(const char *from, const char *to)
{
	if (is_last(self.counts && is_below(to)))
		die();
	return NEXT(link)(from, to);
}
