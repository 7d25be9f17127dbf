/* dump_template.h - the text of an entry as rbldnsd(8) has it: $ is the address, $$ a dollar. */
#ifndef DNSD_DUMP_TEMPLATE_H
#define DNSD_DUMP_TEMPLATE_H

#include "dump_out.h"

enum { DUMP_TEMPLATE_MAX = 254 }; /* rbldnsd cuts what is longer */

/* False: the address stands before a digit, = or $, which to rbldnsd is something else. */
bool dump_template_can_say(struct text t);
/* In which the address is SNAPSHOT_ADDRESS_MARK. */
void dump_template_put(struct dump_out *out, struct text t);
/* ":A:TXT" */
void dump_template_put_value(struct dump_out *out, uint32_t a, struct text txt);

#endif
