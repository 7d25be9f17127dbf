/* ticket.h - the ticket of a delisting request, for people. */
#ifndef ANALYZER_TICKET_H
#define ANALYZER_TICKET_H

#include <stdbool.h>

#include <jansson.h>

/* All of it, as it stands. */
void ticket_print(const json_t *ticket);
/* The exit status: EXIT_SUCCESS delisted or not over, EXIT_YES refused. */
int ticket_status(const json_t *ticket);

#endif
