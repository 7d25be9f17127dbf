/* certificate_fixture.h - certificates that a test makes for itself. */
#ifndef TESTS_CERTIFICATE_FIXTURE_H
#define TESTS_CERTIFICATE_FIXTURE_H

/* NAME.crt and NAME.key in the working directory, signed with issuer's (NULL: its own). */
void certificate_make(const char *name, const char *issuer);

#endif
