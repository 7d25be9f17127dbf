/* cmd_dnsd.h - how answers of orbl-dnsd are printed for people. */
#ifndef ANALYZER_CMD_DNSD_H
#define ANALYZER_CMD_DNSD_H

#include <jansson.h>

void cmd_dnsd_print_status(const json_t *answer);
void cmd_dnsd_print_zones(const json_t *answer);
void cmd_dnsd_print_stats(const json_t *answer);

#endif
