#include "geo_file.h"

#include "config.h"

#ifdef ORBL_MAXMINDDB

#include <errno.h>
#include <fcntl.h>
#include <maxminddb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include <orbl/log.h>
#include <orbl/text.h>

struct geo_file {
	char *path;
	const char *what;
	bool is_open, told_corrupt;
	struct stat seen; /* st_ino 0: it was not there */
	MMDB_s db;
};

/* --- opening ---------------------------------------------------------------- */

static bool
copy_file(int from, int to, off_t size)
{
	while (size > 0) {
		ssize_t n = sendfile(to, from, NULL, (size_t)size);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false; /* it was cut meanwhile */
		size -= n;
	}
	return true;
}

/* A copy in memory that nobody can write to; -1 and *why. */
static int
copy_in_memory(const char *path, const struct stat *st, const char **why)
{
	int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	int copy = memfd_create("geo", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	bool copied = file >= 0 && copy >= 0 && copy_file(file, copy, st->st_size);

	*why = copied ? "" : errno != 0 ? strerror(errno) : "it changes while it is read";
	if (copied)
		(void)fcntl(copy, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE);
	else if (copy >= 0)
		close(copy);
	if (file >= 0)
		close(file);
	return copied ? copy : -1;
}

static bool
open_database(const char *path, const struct stat *st, MMDB_s *db, const char **why)
{
	char name[32];
	int copy, status;

	*why = !S_ISREG(st->st_mode)       ? "it is not a regular file" :
		st->st_size > GEO_FILE_MAX ? "it is too large" :
					     "";
	if (**why != '\0')
		return false;
	errno = 0;
	copy = copy_in_memory(path, st, why);
	if (copy < 0)
		return false;
	snprintf(name, sizeof(name), "/proc/self/fd/%d", copy);
	status = MMDB_open(name, MMDB_MODE_MMAP, db);
	close(copy);
	*why = MMDB_strerror(status);
	return status == MMDB_SUCCESS;
}

static bool
is_same(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size &&
		a->st_mtim.tv_sec == b->st_mtim.tv_sec &&
		a->st_mtim.tv_nsec == b->st_mtim.tv_nsec &&
		a->st_ctim.tv_sec == b->st_ctim.tv_sec && a->st_ctim.tv_nsec == b->st_ctim.tv_nsec;
}

static void
close_database(struct geo_file *f)
{
	if (f->is_open)
		MMDB_close(&f->db);
	f->is_open = false;
}

/* One that has gone or is corrupt is not used any longer: what it said may be as wrong. */
static void
open_again(struct geo_file *f, const struct stat *st)
{
	const char *why;
	MMDB_s db;

	if (!open_database(f->path, st, &db, &why)) {
		log_warning("%s: cannot be read (%s): %s are not known; put a MaxMind database "
			    "there, or empty the option",
			f->path, why, f->what);
		close_database(f);
		return;
	}
	close_database(f);
	f->db = db;
	f->is_open = true;
	f->told_corrupt = false;
	log_info("%s: %s are known from it", f->path, f->what);
}

void
geo_file_refresh(struct geo_file *f)
{
	struct stat st;

	if (stat(f->path, &st) != 0) {
		if (f->is_open || f->seen.st_ino != 0)
			log_warning("%s: %s: %s are not known", f->path, strerror(errno), f->what);
		close_database(f);
		memset(&f->seen, 0, sizeof(f->seen));
		return;
	}
	if (is_same(&st, &f->seen))
		return;
	f->seen = st;
	open_again(f, &st);
}

struct geo_file *
geo_file_new(const char *path, const char *what)
{
	struct geo_file *f = calloc(1, sizeof(*f));

	if (f == NULL)
		return NULL;
	f->path = strdup(path);
	f->what = what;
	if (f->path == NULL) {
		free(f);
		return NULL;
	}
	f->seen.st_ino = 1; /* that it is missing is to be said */
	geo_file_refresh(f);
	return f;
}

void
geo_file_free(struct geo_file *f)
{
	if (f == NULL)
		return;
	close_database(f);
	free(f->path);
	free(f);
}

/* --- looking ---------------------------------------------------------------- */

static void
tell_corrupt(struct geo_file *f, const char *why)
{
	if (!f->told_corrupt)
		log_warning("%s: is corrupt (%s): %s are not known for all; put a sound one there",
			f->path, why, f->what);
	f->told_corrupt = true;
}

static void
look_field(struct geo_file *f, MMDB_entry_s *entry, const struct geo_field *field)
{
	MMDB_entry_data_s data;
	int status = MMDB_aget_value(entry, &data, field->path);

	if (status == MMDB_LOOKUP_PATH_DOES_NOT_MATCH_DATA_ERROR)
		return;
	if (status != MMDB_SUCCESS)
		tell_corrupt(f, MMDB_strerror(status));
	else if (data.has_data && data.type == MMDB_DATA_TYPE_UTF8_STRING && field->text != NULL)
		text_printable((struct text){data.utf8_string, data.data_size}, field->text,
			field->size);
	else if (data.has_data && data.type == MMDB_DATA_TYPE_UINT32 && field->number != NULL)
		*field->number = data.uint32;
}

void
geo_file_look(struct geo_file *f, const struct addr *a, const struct geo_field *fields,
	size_t count)
{
	const struct endpoint endpoint = {.addr = *a};
	struct sockaddr_storage address;
	MMDB_lookup_result_s result;
	int status = MMDB_SUCCESS;

	if (!f->is_open || (a->family == 6 && f->db.metadata.ip_version == 4))
		return;
	endpoint_to_sockaddr(&endpoint, &address);
	result = MMDB_lookup_sockaddr(&f->db, (const struct sockaddr *)&address, &status);
	if (status != MMDB_SUCCESS)
		tell_corrupt(f, MMDB_strerror(status));
	for (size_t i = 0; status == MMDB_SUCCESS && result.found_entry && i < count; i++)
		look_field(f, &result.entry, &fields[i]);
}

#endif
