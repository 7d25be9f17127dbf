/* log_file.h - files of dnsd.user's that grow: dnsd.query_log, dnsd.statistics_file. */
#ifndef DNSD_LOG_FILE_H
#define DNSD_LOG_FILE_H

#include <sys/types.h>

#include <orbl/err.h>

/* Open to append, made with mode if it is not there. A symbolic link is not followed: in a
 * directory that others write to it would choose our file. What is neither a file nor a character
 * device, such as a FIFO, is refused and never waited for. -1: e has why. */
int log_file_open(const char *path, mode_t mode, struct error *e);

#endif
