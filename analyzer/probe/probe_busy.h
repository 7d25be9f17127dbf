/* probe_busy.h - addresses that have a connection of ours: there is never a second one, whatever
 * the port. A hash table, made anew for each look at thousands of runs. */
#ifndef ANALYZER_PROBE_BUSY_H
#define ANALYZER_PROBE_BUSY_H

#include <stdbool.h>
#include <stddef.h>

#include <orbl/addr.h>
#include <orbl/compiler.h>

struct probe_busy;
struct probe_busy *probe_busy_new(size_t max); /* addresses at once; NULL: out of memory */
void probe_busy_free(struct probe_busy *b);    /* NULL ok */
void probe_busy_forget(struct probe_busy *b);  /* all; O(1) */
/* False: it is there already, or there are max. */
bool probe_busy_add(struct probe_busy *b, const struct addr *a);

#endif
