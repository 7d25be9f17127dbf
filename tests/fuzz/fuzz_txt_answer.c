/* fuzz_txt_answer.c - whatever a resolver says, the answer is one of the few kinds, and printable.
 *
 * The input is a packet. It is read as the answer to a question with its own id, so that mutations
 * are not all turned away; with another id nothing of it may be believed.
 */
#undef NDEBUG
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "abuse_contact.h"
#include "txt_answer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
assert_sound(const struct txt_answer *a)
{
	char contact[ABUSE_CONTACT];

	assert(a->count <= TXT_RECORDS_MAX && (a->count != 0) == (a->kind == TXT_FOUND));
	assert(a->kind != TXT_FAILED || a->why[0] != '\0');
	for (size_t i = 0; i < a->count; i++) {
		assert(memchr(a->records[i], '\0', TXT_RECORD_MAX) != NULL);
		for (const char *c = a->records[i]; *c != '\0'; c++)
			assert(*c >= ' ' && *c < 0x7f);
	}
	if (abuse_contact_find(a, contact)) {
		assert(abuse_contact_is_plain(text_of(contact)));
		assert(strpbrk(contact, " \t\r\n<>,;:()\"\\") == NULL && contact[0] != '-');
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct txt_question q = {.name = "15.2.0.192.contacts.example"};
	static struct txt_answer answer;

	if (size > 65535)
		return 0;
	if (size >= 2)
		q.id = (uint16_t)(data[0] << 8 | data[1]);
	txt_answer_read(&q, data, size, &answer);
	assert_sound(&answer);
	q.id = (uint16_t)(q.id ^ 1);
	txt_answer_read(&q, data, size, &answer);
	assert(answer.kind == TXT_NOT_OURS);
	return 0;
}
