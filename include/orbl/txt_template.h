/* txt_template.h - the text of TXT records (publish.text): words with variables between.
 *
 *	"[$codes] $meaning; see $url"  ->  "[2,7] open relay...; see https://dnsbl.example/?a="
 *
 * A variable is a dollar sign and the small letters behind it; "$$" is a dollar sign.
 */
#ifndef ORBL_TXT_TEMPLATE_H
#define ORBL_TXT_TEMPLATE_H

#include <stdbool.h>
#include <stddef.h>

#include <orbl/err.h>
#include <orbl/text.h>

enum txt_variable {
	TXT_CODES,   /* last octets of the A records: "2,7" */
	TXT_MEANING, /* of each of them, with "; " between */
	TXT_URL,     /* zone.url, the queried address in it */
	TXT_UNTIL,   /* when the listing ends at the latest */
	TXT_ASN,     /* number of the autonomous system */
	TXT_ASORG,   /* who runs it */
	TXT_CC,      /* its country */
	TXT_VARIABLE_COUNT
};

/* ERR_SYNTAX: the error names the variable that there is not, and those there are. */
enum err txt_template_check(struct text t, struct error *e) ORBL_NODISCARD;
bool txt_template_uses(struct text t, enum txt_variable v);
/* Put the values in their places and terminate; what does not fit is cut. What is not printable
 * ASCII becomes '?', but for mark. Returns the length. t was checked. */
size_t txt_template_fill(struct text t, const struct text values[TXT_VARIABLE_COUNT], char mark,
	char *out, size_t size);

#endif
