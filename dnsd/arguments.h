/* arguments.h - the command line of orbl-dnsd, laid over its configuration. */
#ifndef DNSD_ARGUMENTS_H
#define DNSD_ARGUMENTS_H

#include <stddef.h>

#include <orbl/conf.h>

enum arguments_action {
	ARGUMENTS_RUN,
	ARGUMENTS_CHECK,
	ARGUMENTS_DUMP,
	ARGUMENTS_VERSION,
	ARGUMENTS_HELP
};

/* What the command line gives, kept until the configuration is read. Texts are lent from argv. */
struct arguments {
	enum arguments_action action;
	const char *conf_path, *workers, *control; /* NULL: not given */
	size_t listen_count, zone_count;
	const char **listen;
	char **zones;              /* NAME=SOURCE */
	const char *dump, *output; /* the form, the folder; NULL: not given */
	size_t word_count;
	const char **words; /* zones to dump */
};

/* On error e has one sentence; ERR_UNSUPPORTED is a wrong command line. Free with arguments_free in
 * any case, which the texts outlive. */
enum err
arguments_read(int argc, char **argv, struct arguments *out, struct error *e) ORBL_NODISCARD;
void arguments_free(struct arguments *a);
/* What was given takes the place of what the configuration says. */
enum err
arguments_apply(const struct arguments *a, struct conf *conf, struct error *e) ORBL_NODISCARD;

#endif
