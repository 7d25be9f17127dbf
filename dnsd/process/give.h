/* give.h - the keeper's messages to the processes that have the data of sources. */
#ifndef DNSD_GIVE_H
#define DNSD_GIVE_H

#include "source.h"

/* MESSAGE_TAKE. same_snapshot: as the one before. wait: else a full channel is ERR_FULL. */
enum err give_data(int channel, size_t source, const struct source_data *data, bool same_snapshot,
	bool wait, struct error *e) ORBL_NODISCARD;
/* MESSAGE_OLDER, without waiting. fd -1: the base alone. */
enum err
give_older(int channel, size_t source, int fd, const char *name, struct error *e) ORBL_NODISCARD;
/* MESSAGE_START. */
enum err give_start(int channel, bool wait, struct error *e) ORBL_NODISCARD;
/* Wait for MESSAGE_TAKEN, which is the other one's error or OK. *alive is false when it was not the
 * other one that said so: it has ended, or does nothing any more. */
enum err give_wait(int channel, bool *alive, struct error *e) ORBL_NODISCARD;

#endif
