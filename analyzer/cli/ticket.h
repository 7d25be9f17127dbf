/* ticket.h - the ticket of a delisting request, for people. */
#ifndef ANALYZER_TICKET_H
#define ANALYZER_TICKET_H

#include <stdbool.h>

#include <jansson.h>

/* All of it, as it stands. */
void ticket_print(const json_t *ticket);
/* Behind a listing's reason: on what it rests, and that it is not in DNS. */
void ticket_print_grounds(const json_t *listing);
/* The exit status: EXIT_SUCCESS delisted or not over, EXIT_YES refused. */
int ticket_status(const json_t *ticket);

#endif
