#include "dump.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include <orbl/log.h>

#include "dump_zone.h"
#include "reload.h"

enum { PATH_MAX_BYTES = 4096, NAME_BYTES_MAX = 255, GONE_NAMED_MAX = 20 };

struct dump {
	const struct dump_options *options;
	const struct server_options *server;
	const struct dump_form *form;
	struct loader *loader;
	struct reload *reload;
	const struct zone_set *zones;
	struct dump_out *out;
	int lock; /* a file in the folder, locked; -1: none */
	int64_t now_s;
	size_t written, same, failed;
};

static const struct dump_form forms[] = {
	{"bind", ".zone", dump_bind_write},
	{"rbldnsd", ".rbldnsd", dump_rbldnsd_write},
};

const struct dump_form *
dump_form_find(const char *name)
{
	for (size_t i = 0; i < ORBL_COUNT(forms); i++)
		if (text_equal(text_of(forms[i].name), text_of(name)))
			return &forms[i];
	return NULL;
}

enum err
dump_check(const struct dump_options *d, struct error *e)
{
	if (dump_form_find(d->form) == NULL)
		return error_set(e, ERR_UNSUPPORTED, "--dump \"%s\" is neither bind nor rbldnsd",
			d->form);
	return OK;
}

/* --- loading ------------------------------------------------------------------------- */

/* All others can be told from it alone, and its serial is the time of a start. */
static size_t
count_without_catalog(const struct server_options *s)
{
	size_t n = s->zone_count;

	while (n > 0 && s->zones[n - 1].source.kind == FEED_CATALOG)
		n--;
	return n;
}

static enum err
load(struct dump *d, struct error *e)
{
	const struct server_options *s = d->server;
	struct reload_options options = {.zone_count = count_without_catalog(s),
		.zones = s->zones,
		.max_age_s = s->max_age_s};
	enum err err;

	d->loader = loader_new("/proc/self/exe", &s->feed);
	if (d->loader == NULL)
		return error_set(e, ERR_MEMORY, "out of memory for zones");
	options.loader = d->loader;
	err = reload_new(&options, &d->reload, e);
	if (err != OK)
		return err;
	reload_request(d->reload, true, d->now_s);
	while (reload_is_busy(d->reload)) {
		struct pollfd p = {.fd = loader_fd(d->loader), .events = POLLIN};

		if (poll(&p, 1, -1) > 0)
			reload_loaded(d->reload, d->now_s);
	}
	d->zones = reload_zones(d->reload);
	return OK;
}

/* --- which zones --------------------------------------------------------------------- */

static bool
is_zone_named(const char *word, const struct zone *zone)
{
	uint8_t wire[WIRE_NAME_MAX];
	size_t len;

	if (wire_name_parse(text_of(word), wire, &len) != OK)
		return false;
	wire_name_lower(wire, len);
	return len == zone->origin_len && memcmp(wire, zone->origin, len) == 0;
}

static bool
is_wanted(const struct dump *d, const struct zone *zone)
{
	const struct dump_options *o = d->options;
	bool wanted = o->zone_count == 0;

	for (size_t i = 0; i < o->zone_count && !wanted; i++)
		wanted = is_zone_named(o->zones[i], zone);
	return wanted && zone->apex == zone;
}

static void
name_unknown_zones(struct dump *d)
{
	const struct dump_options *o = d->options;

	for (size_t i = 0; i < o->zone_count; i++) {
		bool found = false;

		for (size_t k = 0; k < zone_set_count(d->zones) && !found; k++) {
			const struct zone *zone = zone_set_get(d->zones, k);

			found = zone->apex == zone && is_zone_named(o->zones[i], zone);
		}
		if (found)
			continue;
		log_error("zone %s: not dumped: no zone has this name", o->zones[i]);
		d->failed++;
	}
}

/* --- files --------------------------------------------------------------------------- */

/* The name of a zone's file, in which no byte means anything to a file system or a shell. */
static void
name_file(const struct dump *d, const struct zone *zone, char out[WIRE_NAME_TEXT + 16])
{
	char name[WIRE_NAME_TEXT];

	wire_name_format(zone->origin, name);
	if (zone->origin[0] == 0)
		snprintf(name, sizeof(name), "root");
	for (char *p = name; *p != '\0'; p++)
		if (*p == '\\')
			*p = '%';
	snprintf(out, WIRE_NAME_TEXT + 16, "%s%s", name, d->form->suffix);
}

/* Two dumps at once would write into one file. Not the folder itself is locked: whoever may read it
 * could do so, too. */
static enum err
lock_directory(struct dump *d, struct error *e)
{
	const char *path = d->options->directory;
	int directory = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (directory < 0)
		return error_errno(e, "%s: cannot open the folder of --output", path);
	d->lock = openat(directory, ".orbl-dump.lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW,
		0600);
	close(directory);
	if (d->lock < 0)
		return error_errno(e, "%s: cannot open its .orbl-dump.lock", path);
	if (flock(d->lock, LOCK_EX | LOCK_NB) == 0)
		return OK;
	if (errno == EWOULDBLOCK)
		return error_set(e, ERR_REFUSED, "%s: another dump writes there at the moment",
			path);
	return error_errno(e, "%s: cannot lock the folder of --output", path);
}

static bool
has_file(const struct dump *d, const char *name)
{
	char own[WIRE_NAME_TEXT + 16];

	for (size_t i = 0; i < zone_set_count(d->zones); i++) {
		const struct zone *zone = zone_set_get(d->zones, i);

		name_file(d, zone, own);
		if (zone->apex == zone && text_equal(text_of(own), text_of(name)))
			return true;
	}
	return false;
}

/* Whoever mirrors the folder still gets them. */
static void
name_gone(const struct dump *d)
{
	DIR *dir = opendir(d->options->directory);
	const struct dirent *entry;
	size_t count = 0;

	while (dir != NULL && (entry = readdir(dir)) != NULL) {
		if (!text_has_suffix(text_of(entry->d_name), text_of(d->form->suffix)) ||
			has_file(d, entry->d_name))
			continue;
		if (++count <= GONE_NAMED_MAX)
			log_warning("%s/%s: is of no zone that is served; it stays, remove it if "
				    "mirrors are to lose it",
				d->options->directory, entry->d_name);
	}
	if (count > GONE_NAMED_MAX)
		log_warning("%s: %zu files more are of no zone that is served",
			d->options->directory, count - GONE_NAMED_MAX);
	if (dir != NULL)
		closedir(dir);
}

/* --- one zone -------------------------------------------------------------------------- */

static enum err
check_zone(const struct dump *d, const struct zone *zone, struct error *e)
{
	for (size_t i = 0; i < zone_set_count(d->zones); i++) {
		const struct zone *z = zone_set_get(d->zones, i);

		if (z->apex == zone && !z->is_ready)
			return error_set(e, ERR_NOT_FOUND, "its data are not loaded");
		if (z->apex == zone && zone_is_stale(z, d->now_s))
			return error_set(e, ERR_REFUSED,
				"its data are too old (dnsd.max_age) or have expired");
	}
	return OK;
}

static enum err
open_out(struct dump *d, const struct dump_zone *z, struct error *e)
{
	const char *progress = isatty(STDERR_FILENO) == 1 ? z->name : NULL;
	char path[PATH_MAX_BYTES];

	if (d->options->directory == NULL) {
		dump_out_stream(d->out, STDOUT_FILENO,
			isatty(STDOUT_FILENO) == 1 ? NULL : progress);
		return OK;
	}
	if (strlen(z->file) + strlen(".new") > NAME_BYTES_MAX ||
		snprintf(path, sizeof(path), "%s/%s", d->options->directory, z->file) >=
			(int)sizeof(path))
		return error_set(e, ERR_RANGE, "its name is too long for a file");
	dump_out_file(d->out, path, progress);
	return OK;
}

static void
tell_notes(struct dump *d, const struct dump_zone *z, const struct dump_notes *notes)
{
	if (notes->cut != 0)
		log_warning("zone %s: %zu texts are longer than 254 bytes, and cut by rbldnsd",
			z->name, notes->cut);
	if (notes->left_out == 0)
		return;
	log_error("zone %s: %zu entries are left out, as a file of rbldnsd cannot say them: "
		  "wildcards of names, other records than A, TXT and MX, addresses without an A "
		  "record",
		z->name, notes->left_out);
	d->failed++;
}

static enum err
write_zone(struct dump *d, const struct dump_zone *z, struct error *e)
{
	struct dump_notes notes = {0};
	bool changed = false;
	enum err err = open_out(d, z, e);

	if (err != OK)
		return err;
	err = d->form->write(z, d->out, &notes, e);
	if (err != OK) {
		dump_out_abort(d->out);
		return err;
	}
	err = dump_out_close(d->out, &changed, e);
	if (err != OK)
		return err;
	d->written += changed;
	d->same += !changed;
	log_info("zone %s: %s, serial %u, %llu bytes", z->name, changed ? "written" : "unchanged",
		(unsigned)z->zone->serial, (unsigned long long)d->out->bytes);
	tell_notes(d, z, &notes);
	return OK;
}

static void
dump_zone(struct dump *d, const struct zone *zone)
{
	char name[WIRE_NAME_TEXT], file[WIRE_NAME_TEXT + 16];
	struct dump_zone z = {.zones = d->zones,
		.zone = zone,
		.name = wire_name_format(zone->origin, name),
		.file = file,
		.now_s = d->now_s,
		.expand = (uint64_t)d->server->conf->transfer.expand,
		.source_count = count_without_catalog(d->server),
		.sources = d->server->zones};
	struct error e = {.code = OK};
	enum err err;

	name_file(d, zone, file);
	err = check_zone(d, zone, &e);
	if (err == OK)
		err = write_zone(d, &z, &e);
	if (err == ERR_UNSUPPORTED) {
		log_notice("zone %s: %s", name, e.text);
	} else if (err != OK) {
		log_error("zone %s: not dumped: %s", name, e.text);
		d->failed++;
	}
}

/* --- all of it --------------------------------------------------------------------------- */

/* For who looks on; a timer hears of failures alone. */
static void
tell_files(const struct dump *d)
{
	void (*tell)(const char *fmt, ...)
		ORBL_PRINTF(1, 2) = isatty(STDERR_FILENO) == 1 ? log_notice : log_info;

	tell("%s: %zu files written, %zu unchanged", d->options->directory, d->written, d->same);
}

static void
dump_all(struct dump *d)
{
	name_unknown_zones(d);
	for (size_t i = 0; i < zone_set_count(d->zones); i++)
		if (is_wanted(d, zone_set_get(d->zones, i)))
			dump_zone(d, zone_set_get(d->zones, i));
	if (d->options->directory == NULL)
		return;
	if (d->options->zone_count == 0)
		name_gone(d);
	tell_files(d);
}

static enum err
prepare(struct dump *d, struct error *e)
{
	enum err err = d->options->directory != NULL ? lock_directory(d, e) : OK;

	d->out = malloc(sizeof(*d->out));
	if (err == OK && d->out == NULL)
		err = error_set(e, ERR_MEMORY, "out of memory for a dump");
	return err == OK ? load(d, e) : err;
}

bool
dump_run(const struct dump_options *o, const struct server_options *s)
{
	struct dump d = {.options = o,
		.server = s,
		.form = dump_form_find(o->form),
		.lock = -1,
		.now_s = time(NULL)};
	struct error e = {.code = OK};
	bool is_done = prepare(&d, &e) == OK;

	if (is_done)
		dump_all(&d);
	else
		log_error("%s", e.text);
	reload_free(d.reload);
	loader_free(d.loader);
	free(d.out);
	if (d.lock >= 0)
		close(d.lock);
	return is_done && d.failed == 0;
}
