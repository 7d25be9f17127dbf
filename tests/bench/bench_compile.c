/* bench_compile.c - compile a file of rbldnsd(8) into a snapshot, as orbl-dnsd does, and print
 * "WALL USER SYSTEM PEAK": three times in seconds, and the most memory in MB.
 *
 *	bench_compile TYPE FILE SNAPSHOT
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include <orbl/feed.h>

#include "ask.h"

static enum err
compile(const char *type, const char *file, const char *snapshot, struct error *e)
{
	static const struct feed_options options = {.ttl_s = 0};
	struct feed_source source = {.kind = FEED_RBLDNSD};
	struct feed_warnings warnings = {.out = stderr};
	enum err err;
	int fd;

	if (strlen(file) >= sizeof(source.paths) || strlen(type) >= sizeof(source.type))
		return error_set(e, ERR_RANGE, "%s: the name is too long.", file);
	memcpy(source.type, type, strlen(type) + 1);
	memcpy(source.paths, file, strlen(file) + 1);
	fd = open(snapshot, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	if (fd < 0)
		return error_errno(e, "%s", snapshot);
	err = feed_compile(&source, &options, (int64_t)time(NULL), fd, &warnings, e);
	if (close(fd) != 0 && err == OK)
		err = error_errno(e, "%s", snapshot);
	return err;
}

static double
seconds(struct timeval t)
{
	return (double)t.tv_sec + (double)t.tv_usec / 1e6;
}

int
main(int argc, char **argv)
{
	uint64_t began_us = ask_now_us();
	struct error e = {.code = OK};
	struct rusage used;

	if (argc != 4) {
		fprintf(stderr, "usage: bench_compile TYPE FILE SNAPSHOT\n");
		return EXIT_FAILURE;
	}
	if (compile(argv[1], argv[2], argv[3], &e) != OK) {
		fprintf(stderr, "bench_compile: %s\n", e.text);
		return EXIT_FAILURE;
	}
	getrusage(RUSAGE_SELF, &used);
	printf("%.3f %.3f %.3f %.1f\n", (double)(ask_now_us() - began_us) / 1e6,
		seconds(used.ru_utime), seconds(used.ru_stime), (double)used.ru_maxrss / 1024);
	return EXIT_SUCCESS;
}
