/* Without libmaxminddb. */
#include "geo_file.h"

#include "config.h"

#ifndef ORBL_MAXMINDDB

#include <stdlib.h>

#include <orbl/log.h>

struct geo_file {
	char unused;
};

struct geo_file *
geo_file_new(const char *path, const char *what)
{
	log_warning("%s: %s are not known: this orbl was built without libmaxminddb", path, what);
	return calloc(1, sizeof(struct geo_file));
}

void
geo_file_free(struct geo_file *f)
{
	free(f);
}

void
geo_file_refresh(struct geo_file *f)
{
	(void)f;
}

void
geo_file_look(struct geo_file *f, const struct addr *a, const struct geo_field *fields,
	size_t count)
{
	(void)f;
	(void)a;
	(void)fields;
	(void)count;
}

#endif
