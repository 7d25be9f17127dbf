#include <orbl/feed.h>

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "feed_rbldnsd.h"

/* The data set types of rbldnsd that are read. A new one is a row and a function. */
static const struct {
	const char *type;
	enum err (*compile)(const struct feed_job *job, struct error *e);
} formats[] = {
	{"ip4set", feed_rbldnsd_ip4set},
};

#define SOURCES "snapshot:FILE or rbldnsd:TYPE:FILE (TYPE: ip4set)"

/* --- NAME=SOURCE --- */

/* Letters, digits, hyphen and underscore in labels of 1 to 63; lower case in out. */
static bool
parse_origin(struct text t, char out[256])
{
	size_t label = 0;

	if (t.len != 0 && t.p[t.len - 1] == '.')
		t.len--;
	if (t.len == 0 || t.len > 253)
		return false;
	for (size_t i = 0; i < t.len; i++) {
		char c = t.p[i];

		if (c >= 'A' && c <= 'Z')
			c = (char)(c | 0x20);
		if (c == '.' && label == 0)
			return false;
		if (c != '.' && c != '-' && c != '_' && !(c >= 'a' && c <= 'z') &&
			!(c >= '0' && c <= '9'))
			return false;
		label = c == '.' ? 0 : label + 1;
		if (label > 63)
			return false;
		out[i] = c;
	}
	out[t.len] = '\0';
	return label != 0;
}

static bool
has_format(struct text type)
{
	for (size_t i = 0; i < ORBL_COUNT(formats); i++)
		if (text_equal(type, text_of(formats[i].type)))
			return true;
	return false;
}

static enum err
parse_path(const char *argument, struct text t, struct feed_zone *out, struct error *e)
{
	if (t.len == 0 || t.len >= sizeof(out->path))
		return error_set(e, ERR_SYNTAX,
			"zone %.200s: no file named, or its path is too "
			"long; a source is " SOURCES,
			argument);
	memcpy(out->path, t.p, t.len);
	out->path[t.len] = '\0';
	return OK;
}

enum err
feed_zone_parse(const char *argument, struct feed_zone *out, struct error *e)
{
	struct text rest = text_of(argument), origin = text_cut(&rest, '='), source, type;

	*out = (struct feed_zone){.source = FEED_SNAPSHOT};
	if (!parse_origin(origin, out->origin))
		return error_set(e, ERR_SYNTAX,
			"zone %.200s: what is before = is not a domain "
			"name; write NAME=SOURCE",
			argument);
	source = text_cut(&rest, ':');
	if (text_equal(source, TEXT("snapshot")))
		return parse_path(argument, rest, out, e);
	if (!text_equal(source, TEXT("rbldnsd")))
		return error_set(e, ERR_SYNTAX, "zone %.200s: source is not " SOURCES, argument);
	out->source = FEED_RBLDNSD;
	type = text_cut(&rest, ':');
	if (!has_format(type) || type.len >= sizeof(out->type))
		return error_set(e, ERR_SYNTAX,
			"zone %.200s: data set type %.*s is not known; a "
			"source is " SOURCES,
			argument, TEXT_ARG(text_upto(type, 40)));
	memcpy(out->type, type.p, type.len);
	return parse_path(argument, rest, out, e);
}

/* --- compiling --- */

static enum err
compile_stream(const struct feed_zone *zone, const struct feed_job *job, struct error *e)
{
	for (size_t i = 0; i < ORBL_COUNT(formats); i++)
		if (strcmp(zone->type, formats[i].type) == 0)
			return formats[i].compile(job, e);
	return error_set(e, ERR_UNSUPPORTED, "zone %s: data set type %s is not known", zone->origin,
		zone->type);
}

/* Whoever writes into the file while it is read makes a list that nobody meant. */
static enum err
check_unchanged(int fd, const struct stat *before, const char *path, struct error *e)
{
	struct stat now;

	if (fstat(fd, &now) != 0)
		return error_errno(e, "%s: cannot stat", path);
	if (now.st_size != before->st_size || now.st_mtim.tv_sec != before->st_mtim.tv_sec ||
		now.st_mtim.tv_nsec != before->st_mtim.tv_nsec)
		return error_set(e, ERR_REFUSED,
			"%s: changed while it was read; replace it by "
			"rename instead of writing into it",
			path);
	return OK;
}

static enum err
compile_open_file(const struct feed_zone *zone, struct feed_job *job, struct error *e)
{
	int fd = fileno(job->in);
	struct stat st;
	enum err err;

	if (fstat(fd, &st) != 0)
		return error_errno(e, "%s: cannot stat", zone->path);
	if (!S_ISREG(st.st_mode))
		return error_set(e, ERR_IO, "%s: is not a regular file", zone->path);
	job->file_serial = (uint32_t)st.st_mtim.tv_sec;
	err = compile_stream(zone, job, e);
	return err == OK ? check_unchanged(fd, &st, zone->path, e) : err;
}

enum err
feed_compile(const struct feed_zone *zone, int64_t now_s, int fd, FILE *warnings, struct error *e)
{
	/* Not to wait for a writer when somebody puts a FIFO there. */
	int in = open(zone->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct feed_job job = {.name = zone->path,
		.origin = zone->origin,
		.now_s = now_s,
		.fd = fd,
		.warnings = warnings};
	enum err err;

	if (in < 0)
		return error_errno(e, "%s: cannot open", zone->path);
	job.in = fdopen(in, "rb");
	if (job.in == NULL) {
		close(in);
		return error_errno(e, "%s: cannot read", zone->path);
	}
	err = compile_open_file(zone, &job, e);
	fclose(job.in);
	return err;
}
