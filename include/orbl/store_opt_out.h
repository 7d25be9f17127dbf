/* store_opt_out.h - the list of who has opted out of probes, as it was when it could be read last:
 * a file that is broken at the next start must not undo it.
 */
#ifndef ORBL_STORE_OPT_OUT_H
#define ORBL_STORE_OPT_OUT_H

#include <stddef.h>
#include <stdint.h>

#include <orbl/addr.h>
#include <orbl/store.h>

/* In place of the one before. COMMITs. */
enum err store_opt_out_keep(struct store *s, const struct prefix *list, size_t count, int64_t now_s,
	struct error *e) ORBL_NODISCARD;
typedef enum err store_opt_out_fn(const struct prefix *p, void *context);
/* *kept_s: when it was kept; 0: never, and fn is not called. */
enum err store_opt_out_kept(struct store *s, store_opt_out_fn *fn, void *context, int64_t *kept_s,
	struct error *e) ORBL_NODISCARD;

#endif
