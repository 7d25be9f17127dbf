/* control_send.c - send one request to a daemon's control socket and print the last answer.
 *
 *	control_send PATH '{"cmd": "status"}'
 */
#include <stdio.h>
#include <stdlib.h>

#include <orbl/control.h>

enum { TIMEOUT_MS = 30000 };

int
main(int argc, char **argv)
{
	json_t *request = argc == 3 ? json_loads(argv[2], 0, NULL) : NULL, *answer = NULL;
	struct error e = {.code = OK};
	enum err err;

	if (request == NULL) {
		fprintf(stderr, "usage: control_send PATH JSON\n");
		return EXIT_FAILURE;
	}
	err = control_call(argv[1], request, TIMEOUT_MS, &answer, &e);
	json_decref(request);
	if (err != OK) {
		printf("error: %s: %s\n", err_name(err), e.text);
		return EXIT_FAILURE;
	}
	json_dumpf(answer, stdout, JSON_COMPACT);
	putchar('\n');
	json_decref(answer);
	return EXIT_SUCCESS;
}
