/* manager.h - the service manager that started us, and is told how we are (sd_notify(3)). */
#ifndef ORBL_MANAGER_H
#define ORBL_MANAGER_H

/* The socket to tell it by; -1: there is none. Before files are forbidden. */
int manager_open(void);
/* Such as "READY=1". Does nothing without a socket. */
void manager_tell(int socket, const char *state);

#endif
