/* tls_files.h - certificate and key of transfer.tls_listen, on their way from their files to the
 * process that uses them.
 *
 * They are read and checked in a process that does nothing else and ends, and cross as a sealed
 * memory file: the key is in the memory of the transfer process alone.
 */
#ifndef DNSD_TLS_FILES_H
#define DNSD_TLS_FILES_H

#include "tls_context.h"

/* key "": it is in the certificate's file. The descriptor is the caller's. */
enum err
tls_files_load(const char *certificate, const char *key, int *fd, struct error *e) ORBL_NODISCARD;
/* What was loaded; fd stays the caller's. */
enum err tls_files_open(int fd, struct tls_context **out, struct error *e) ORBL_NODISCARD;

#endif
