/* bench_run.c - run a command and write to FILE what it took: "SECONDS PROCESSOR_SECONDS
 *MEGABYTES".
 *
 *	bench_run FILE COMMAND [ARGUMENT...]
 *
 * MEGABYTES is the most that one of its processes had in memory. The exit status is the command's.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { EXIT_NO_COMMAND = 127 };

static double
seconds(struct timeval t)
{
	return (double)t.tv_sec + (double)t.tv_usec / 1e6;
}

static double
now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static int
write_usage(const char *name, double took, const struct rusage *u)
{
	FILE *f = fopen(name, "w");

	if (f == NULL)
		return -1;
	fprintf(f, "%.4f %.4f %.1f\n", took, seconds(u->ru_utime) + seconds(u->ru_stime),
		(double)u->ru_maxrss / 1024);
	return fclose(f);
}

int
main(int argc, char **argv)
{
	struct rusage usage;
	double began = now();
	int status = 0;
	pid_t child;

	if (argc < 3 || (child = fork()) < 0)
		return EXIT_FAILURE;
	if (child == 0) {
		execvp(argv[2], argv + 2);
		_exit(EXIT_NO_COMMAND);
	}
	if (waitpid(child, &status, 0) < 0 || getrusage(RUSAGE_CHILDREN, &usage) < 0 ||
		write_usage(argv[1], now() - began, &usage) != 0)
		return EXIT_FAILURE;
	return WIFEXITED(status) ? WEXITSTATUS(status) : EXIT_FAILURE;
}
