/* Snippets for mail servers, which reject a client while it talks. */
#include <stdio.h>

#include "snippet.h"

/* As Postfix has it by default, but for the name. */
#define RBL_REPLY                                                                                  \
	"$rbl_code Service unavailable; $rbl_class [$rbl_what] blocked using %s"                   \
	"${rbl_reason?; $rbl_reason}\n"

/* Postfix looks the reply up by what stands behind reject_rbl_client, with the codes. */
static void
print_reply_table(const struct snippet *s)
{
	char codes[SNIPPET_CODES], code[SNIPPET_CODE];

	puts("rbl_reply_maps = texthash:/etc/postfix/orbl_replies\n\n"
	     "#### /etc/postfix/orbl_replies\n"
	     "# What a client is told in place of the name with the key. No postmap is needed.");
	printf("%s=%s " RBL_REPLY, s->base.asked, snippet_pattern(codes), s->base.shown);
	for (size_t i = 0; i < CATEGORY_COUNT; i++)
		if (!snippet_advice_of((enum category)i).rejects)
			printf("%s=%s " RBL_REPLY, s->of[i].asked,
				snippet_code((enum category)i, code), s->of[i].shown);
}

void
snippet_postfix(const struct snippet *s)
{
	char codes[SNIPPET_CODES], code[SNIPPET_CODE];

	snippet_print_head(s, "smtpd(8) of Postfix 2.8 and later", "log:", "log:");
	printf("# Then:  postfix check && postfix reload\n\n"
	       "#### /etc/postfix/main.cf\n"
	       "# If main.cf has smtpd_client_restrictions already, put the line with "
	       "reject_rbl_client there,\n"
	       "# behind what lets your own clients pass.\n"
	       "smtpd_client_restrictions =\n"
	       "\tpermit_mynetworks,\n"
	       "\tpermit_sasl_authenticated,\n"
	       "\treject_rbl_client %s=%s\n"
	       "# What is not proved: Postfix cannot count points here, only log what it would "
	       "reject.\n",
		s->base.asked, snippet_pattern(codes));
	for (size_t i = 0; i < CATEGORY_COUNT; i++)
		if (!snippet_advice_of((enum category)i).rejects)
			printf("#\twarn_if_reject reject_rbl_client %s=%s\n", s->of[i].asked,
				snippet_code((enum category)i, code));
	if (s->has_key)
		print_reply_table(s);
}

static void
print_postscreen_map(const struct snippet *s)
{
	puts("postscreen_dnsbl_reply_map = texthash:/etc/postfix/orbl_names\n\n"
	     "#### /etc/postfix/orbl_names\n"
	     "# What a client is told in place of the name with the key. No postmap is needed.");
	printf("%s %s\n", s->base.asked, s->base.shown);
	for (size_t i = 0; i < CATEGORY_COUNT; i++)
		if (snippet_advice_of((enum category)i).weight != 0 &&
			!snippet_advice_of((enum category)i).rejects)
			printf("%s %s\n", s->of[i].asked, s->of[i].shown);
}

void
snippet_postscreen(const struct snippet *s)
{
	char codes[SNIPPET_CODES], code[SNIPPET_CODE];

	snippet_print_head(s, "postscreen(8) of Postfix 2.8 and later", "score:", "not used:");
	puts("# postscreen must be in service: in /etc/postfix/master.cf the line \"smtp inet\" "
	     "ends "
	     "with\n"
	     "# \"1 postscreen\", and there are the lines smtpd pass, dnsblog and tlsproxy; Debian "
	     "has "
	     "them\n"
	     "# as comments. Then:  postfix check && postfix reload\n"
	     "# postscreen tells the list's name, not its TXT record; smtpd(8) tells that: see\n"
	     "# orbl snippet postfix.\n\n"
	     "#### /etc/postfix/main.cf\n"
	     "# With other lists keep your threshold, and make it the weight of what rejects "
	     "here.");
	printf("postscreen_dnsbl_sites =\n\t%s=%s*%d\n", s->base.asked, snippet_pattern(codes),
		SNIPPET_REJECTS);
	for (size_t i = 0; i < CATEGORY_COUNT; i++) {
		struct snippet_advice a = snippet_advice_of((enum category)i);

		if (a.weight != 0 && !a.rejects)
			printf("\t%s=%s*%d\n", s->of[i].asked, snippet_code((enum category)i, code),
				a.weight);
	}
	printf("postscreen_dnsbl_threshold = %d\n"
	       "postscreen_dnsbl_action = enforce\n",
		SNIPPET_REJECTS);
	if (s->has_key)
		print_postscreen_map(s);
}

/* Not $dnslist_domain: it would tell the key. */
static void
print_exim_warn(const struct snippet *s, enum category c)
{
	char code[SNIPPET_CODE];
	const char *name = category_row(c)->name;

	snippet_code(c, code);
	printf("warn\n"
	       "  dnslists = %s=%s\n"
	       "  add_header = X-Orbl: %s %s${if def:dnslist_text{ $dnslist_text}}\n"
	       "  log_message = %s is %s of %s\n",
		s->of[c].asked, code, code, name, "$sender_host_address", name, s->base.shown);
}

void
snippet_exim(const struct snippet *s)
{
	char codes[SNIPPET_CODES];

	snippet_print_head(s, "Exim 4.80 and later", "header:", "header:");
	puts("# Then:  update-exim4.conf && systemctl reload exim4\n"
	     "# An Exim that is not configured as Debian does it has no such macro: there the "
	     "second "
	     "part\n"
	     "# goes into the ACL of acl_smtp_rcpt, behind what accepts your own clients.\n\n"
	     "#### /etc/exim4/exim4.conf.localmacros\n"
	     "# With the split configuration: /etc/exim4/conf.d/main/000_localmacros\n"
	     "CHECK_RCPT_LOCAL_ACL_FILE = /etc/exim4/orbl_rcpt_acl\n\n"
	     "#### /etc/exim4/orbl_rcpt_acl\n"
	     "# \"=\" wants one of these codes. \"==\" would want all that a host has to be among "
	     "them, "
	     "and\n"
	     "# \"!=\" any other code: never reject by that, nor by a name without codes.");
	printf("deny\n"
	       "  message = $sender_host_address is listed at %s${if def:dnslist_text{: "
	       "$dnslist_text}}\n"
	       "  dnslists = %s=%s\n"
	       "# What is not proved gets a header, for a filter behind Exim.\n",
		s->base.shown, s->base.asked, snippet_codes(codes));
	for (size_t i = 0; i < CATEGORY_COUNT; i++)
		if (!snippet_advice_of((enum category)i).rejects)
			print_exim_warn(s, (enum category)i);
}
