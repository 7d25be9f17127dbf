/* opt_out.h - who is never probed: by orbl.conf (probe.opt_out), by a file (probe.opt_out_file) and
 * by an operator's order.
 *
 * The file is a plain one of prefix_file.h.
 */
#ifndef ANALYZER_OPT_OUT_H
#define ANALYZER_OPT_OUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <orbl/addr.h>
#include <orbl/err.h>

#include "prefix_file.h"

enum { OPT_OUT_BYTES_MAX = PREFIX_FILE_BYTES_MAX, OPT_OUT_PREFIXES_MAX = PREFIX_FILE_ROWS_MAX };

/* Append the prefixes of the file to *list, which is NULL or from malloc and has *count of them;
 * the caller frees it. path "": there is no file, nothing is appended. After an error, which names
 * file and line, both are as they were. */
enum err
opt_out_read(const char *path, struct prefix **list, size_t *count, struct error *e) ORBL_NODISCARD;

/* --- a list that follows its file --- */

struct opt_out;

/* The fixed prefixes (copied) and those of the file (path kept; "": none), which is read by the
 * first opt_out_refresh. */
enum err opt_out_new(const struct prefix *fixed, size_t count, const char *path,
	struct opt_out **out, struct error *e) ORBL_NODISCARD;
void opt_out_free(struct opt_out *o); /* NULL ok */
/* Read the file again when it has changed; looks at it once a second. Not OK: the list is not what
 * the file says (opt_out_is_good), and this is the first time it is told of; the error says why. */
enum err opt_out_refresh(struct opt_out *o, int64_t now_s, struct error *e) ORBL_NODISCARD;
bool opt_out_is_good(const struct opt_out *o);
/* Go by the prefixes that the file had at kept_s until it can be read. Before the first refresh. */
enum err opt_out_restore(struct opt_out *o, const struct prefix *of_file, size_t count,
	int64_t kept_s, struct error *e) ORBL_NODISCARD;
/* Those of an operator's orders (copied), in place of those before. */
enum err opt_out_order(struct opt_out *o, const struct prefix *ordered, size_t count,
	struct error *e) ORBL_NODISCARD;
/* Is there a list to go by: the file's, an earlier one, or no file at all? */
bool opt_out_is_known(const struct opt_out *o);
uint64_t opt_out_generation(const struct opt_out *o); /* grows with each list; 0: not known */
int64_t opt_out_since(const struct opt_out *o);       /* when the list was read */
const char *opt_out_trouble(const struct opt_out *o); /* why it is not good; "" it is */
/* Those of opt_out_list that are the file's. */
const struct prefix *opt_out_of_file(const struct opt_out *o, size_t *count);
/* The last list that could be read; lent until the next refresh. */
const struct prefix *opt_out_list(const struct opt_out *o, size_t *count);

#endif
