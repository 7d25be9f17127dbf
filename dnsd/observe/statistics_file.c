#include "statistics_file.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <orbl/log.h>

#include "answer.h"
#include "log_file.h"

enum { FILE_MODE = 0644 };

/* In rbldnsd's words. What got no reply is in none of them. */
struct counts {
	uint64_t ok, nxd, err, bin, bout;
};

struct zone_counts {
	const char *name; /* NULL: all */
	struct counts now, before;
};

struct statistics_file {
	struct statistics_file_options options;
	const char *path; /* without the + */
	bool is_relative, has_failed;
	int64_t next_ms;
	size_t count;
	struct zone_counts all, zones[];
};

static bool
is_new(const struct statistics_file *f, const char *origin)
{
	for (size_t i = 0; i < f->count; i++)
		if (strcmp(f->zones[i].name, origin) == 0)
			return false;
	return origin[0] != '\0';
}

/* --- counters ------------------------------------------------------------- */

/* Both in lower case. */
static bool
is_at_or_below(const char *name, const char *origin)
{
	size_t name_len = strlen(name), len = strlen(origin);

	return len <= name_len && strcmp(name + name_len - len, origin) == 0 &&
		(len == name_len || name[name_len - len - 1] == '.');
}

/* The zone given that this one belongs to, or NULL. */
static struct zone_counts *
find_zone(struct statistics_file *f, const char *name)
{
	struct zone_counts *found = NULL;

	for (size_t i = 0; i < f->count; i++) {
		struct zone_counts *z = &f->zones[i];

		if (is_at_or_below(name, z->name) &&
			(found == NULL || strlen(found->name) < strlen(z->name)))
			found = z;
	}
	return found;
}

static void
add_row(struct counts *c, const struct stats_row *r)
{
	for (unsigned i = 0; i < STATS_TRANSPORTS; i++) {
		c->ok += r->replies[i][STATS_REPLY_ANSWER] + r->replies[i][STATS_REPLY_NODATA];
		c->nxd += r->replies[i][STATS_REPLY_NXDOMAIN];
		for (size_t k = STATS_REPLY_REFUSED; k < STATS_REPLIES; k++)
			c->err += r->replies[i][k];
		c->bin += r->bytes_in[i] - r->dropped_bytes[i];
		c->bout += r->bytes_out[i];
	}
}

static void
read_counters(struct statistics_file *f)
{
	const struct stats *s = f->options.stats;

	f->all.now = (struct counts){.ok = 0};
	for (size_t i = 0; i < f->count; i++)
		f->zones[i].now = (struct counts){.ok = 0};
	for (size_t row = 0; row < stats_rows(s); row++) {
		struct zone_counts *z = NULL;
		struct stats_zone zone;
		struct stats_row sum;

		stats_sum_row(s, row, &sum);
		if (stats_zone(s, row, &zone))
			z = find_zone(f, zone.name);
		if (z != NULL)
			add_row(&z->now, &sum);
		add_row(&f->all.now, &sum);
	}
}

/* --- lines ------------------------------------------------------------------ */

/* A line that the disk has no room for is not begun. */
static enum err
append(int fd, const char *text, size_t len, struct error *e)
{
	off_t end = lseek(fd, 0, SEEK_END);
	ssize_t n = write(fd, text, len);

	if (n == (ssize_t)len)
		return OK;
	if (n >= 0) {
		errno = ENOSPC;
		if (end >= 0 && ftruncate(fd, end) != 0)
			errno = EIO;
	}
	return error_errno(e, "cannot write");
}

static bool
write_line(struct statistics_file *f, const char *text, size_t len)
{
	struct error e = {.code = OK};
	int fd = log_file_open(f->path, FILE_MODE, &e);
	enum err err = fd < 0 ? e.code : append(fd, text, len, &e);

	if (fd >= 0 && close(fd) != 0 && err == OK)
		err = error_errno(&e, "cannot write");
	if (err != OK && !f->has_failed)
		log_error("dnsd.statistics_file: %s: %s; it is tried again at each interval",
			f->path, e.text);
	else if (err == OK && f->has_failed)
		log_notice("dnsd.statistics_file: %s is written again", f->path);
	f->has_failed = err != OK;
	return err == OK;
}

static void
write_start(struct statistics_file *f)
{
	char line[32];
	int len = snprintf(line, sizeof(line), "%" PRId64 "\n", (int64_t)time(NULL));

	write_line(f, line, (size_t)len);
}

static void
print_counts(FILE *out, const struct zone_counts *z)
{
	const struct counts *now = &z->now, *before = &z->before;

	fprintf(out, " %s:%" PRIu64 ":%" PRIu64 ":%" PRIu64 ":%" PRIu64 ":%" PRIu64,
		z->name != NULL ? z->name : "*",
		now->ok + now->nxd + now->err - before->ok - before->nxd - before->err,
		now->ok - before->ok, now->nxd - before->nxd, now->bin - before->bin,
		now->bout - before->bout);
}

static void
write_counters(struct statistics_file *f)
{
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	if (out == NULL)
		return;
	read_counters(f);
	fprintf(out, "%" PRId64, (int64_t)time(NULL));
	for (size_t i = 0; i < f->count; i++)
		print_counts(out, &f->zones[i]);
	print_counts(out, &f->all);
	fputc('\n', out);
	/* What was not written is in the next line. */
	if (fclose(out) == 0 && write_line(f, text, len) && f->is_relative) {
		f->all.before = f->all.now;
		for (size_t i = 0; i < f->count; i++)
			f->zones[i].before = f->zones[i].now;
	}
	free(text);
}

/* --- the file ------------------------------------------------------------------ */

enum err
statistics_file_open(const struct statistics_file_options *o, int64_t now_ms,
	struct statistics_file **out, struct error *e)
{
	struct statistics_file *f;

	*out = NULL;
	if (o->path[0] == '\0')
		return OK;
	f = calloc(1, sizeof(*f) + o->zone_count * sizeof(f->zones[0]));
	if (f == NULL)
		return error_set(e, ERR_MEMORY, "out of memory for dnsd.statistics_file");
	f->options = *o;
	f->is_relative = o->path[0] == '+';
	f->path = o->path + f->is_relative;
	f->next_ms = now_ms + o->interval_s * 1000;
	for (size_t i = 0; i < o->zone_count; i++)
		if (is_new(f, o->zones[i].origin))
			f->zones[f->count++].name = o->zones[i].origin;
	write_start(f);
	*out = f;
	return OK;
}

void
statistics_file_close(struct statistics_file *f)
{
	if (f == NULL)
		return;
	write_counters(f);
	write_start(f);
	free(f);
}

int64_t
statistics_file_tick(struct statistics_file *f, int64_t now_ms)
{
	if (f == NULL)
		return -1;
	if (now_ms >= f->next_ms) {
		write_counters(f);
		f->next_ms = now_ms + f->options.interval_s * 1000;
	}
	return f->next_ms - now_ms;
}
