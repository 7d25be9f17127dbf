/* probe_options.h - the command line of orbl probe, and what follows from it and orbl.conf. */
#ifndef ANALYZER_CLI_PROBE_OPTIONS_H
#define ANALYZER_CLI_PROBE_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

#include "prober.h"

struct probe_options {
	const char *file, *collector, *domain, *helo, *source, *second_source, *cases, *wait,
		*retry_after;
	struct prefix allow[PROBER_ALLOW_MAX];
	size_t allow_count;
	bool all, json, help, dry_run, no_starttls, list_cases;
};

struct probe_setup {
	struct prober_conf conf; /* but the key */
	uint16_t port;           /* of targets that name none */
	size_t opt_out_count;
	struct prefix *opt_out;
};

const char *probe_options_usage(void);

/* Targets are argv[optind] to argv[argc - 1] then; there is one unless help or a list is wanted.
 * Keeps argv's texts. */
enum err
probe_options_read(int argc, char **argv, struct probe_options *o, struct error *e) ORBL_NODISCARD;
enum err probe_options_setup(const struct probe_options *o, struct probe_setup *out,
	struct error *e) ORBL_NODISCARD;
/* Are our own addresses there? The error names the option, or the line of orbl.conf. */
enum err probe_options_check_sources(const struct probe_options *o, const struct prober_conf *conf,
	struct error *e) ORBL_NODISCARD;
void probe_setup_reset(struct probe_setup *s);
/* Is it an address that may be probed by hand? Rates and intervals do not apply, reserved networks
 * and those that have opted out do. */
enum err probe_setup_target(const struct probe_setup *s, const char *argument, struct endpoint *out,
	struct error *e) ORBL_NODISCARD;

#endif
