/* rights.h - what each process may do (orbl/sandbox.h), side by side.
 *
 *	             query process  transfer process  observer
 *	accepts      yes            -                 yes
 *	connects     -              TCP, UDP          -
 *	maps files   yes            yes               -
 *	makes files  -              in memory         -
 *	threads      yes            -                 -
 *
 * None opens a file, or starts a process. The keeper opens and starts, but connects nowhere as long
 * as there is neither a transfer process nor dnstap, and writes below few directories.
 */
#ifndef DNSD_RIGHTS_H
#define DNSD_RIGHTS_H

#include <orbl/sandbox.h>

#include "server.h"

struct sandbox rights_of_query_process(const struct conf *conf);
struct sandbox rights_of_transfer_process(const struct conf *conf);
struct sandbox rights_of_observer(const struct conf *conf);

/* The keeper gives up its own: user, writing, and what nobody needs. */
enum err rights_leave_keeper(const struct server_options *options, struct error *e) ORBL_NODISCARD;

#endif
