/* Snippets for filters, which add points up. They ask all.ZONE once for all codes. */
#include <stdio.h>

#include "snippet.h"

void
snippet_rspamd(const struct snippet *s)
{
	char code[SNIPPET_CODE], symbol[SNIPPET_SYMBOL];

	snippet_print_head(s, "rspamd 2.0 and later", "score:", "score:");
	puts("# A file that is there already: merge the inner block into it.\n"
	     "# Then:  rspamadm configtest && systemctl reload rspamd\n"
	     "# rspamd looks by itself whether a list lives, with 127.0.0.1, which must not be on "
	     "it: "
	     "one\n"
	     "# that refuses it is not asked until it answers again. Do not turn that off.\n\n"
	     "#### /etc/rspamd/local.d/rbl.conf\n"
	     "rbls {\n"
	     "  orbl {\n"
	     "    symbol = \"ORBL\";");
	printf("    rbl = \"%s\";\n", s->all.asked);
	puts("    checks = [\"from\"];\n"
	     "    ipv4 = true;\n"
	     "    ipv6 = true;\n"
	     "    exclude_users = true;\n"
	     "    unknown = false;\n"
	     "    returncodes {");
	for (size_t i = 0; i < CATEGORY_COUNT; i++)
		printf("      ORBL_%s = \"%s\";\n", snippet_symbol((enum category)i, symbol),
			snippet_code((enum category)i, code));
	puts("    }\n  }\n}\n\n#### /etc/rspamd/local.d/rbl_group.conf\nsymbols = {");
	for (size_t i = 0; i < CATEGORY_COUNT; i++)
		printf("  \"ORBL_%s\" {\n"
		       "    weight = %s;\n"
		       "    description = \"%s\";\n"
		       "    groups = [\"orbl\"];\n"
		       "  }\n",
			snippet_symbol((enum category)i, symbol),
			snippet_advice_of((enum category)i).rspamd,
			category_row((enum category)i)->meaning);
	puts("}");
}

/* The report names the zone that a rule asked, but not what a part of a rule asked. */
static void
print_rule(const struct snippet *s, enum category c)
{
	char code[SNIPPET_CODE], symbol[SNIPPET_SYMBOL];
	const char *part = s->has_key ? "__" : "";

	snippet_symbol(c, symbol);
	printf("header   %sRCVD_IN_ORBL_%s eval:check_rbl_sub('orbl-lastexternal', '%s')\n"
	       "tflags   %sRCVD_IN_ORBL_%s net\n",
		part, symbol, snippet_code(c, code), part, symbol);
	if (s->has_key)
		printf("meta     RCVD_IN_ORBL_%s __RCVD_IN_ORBL_%s\n", symbol, symbol);
	printf("describe RCVD_IN_ORBL_%s %s\n"
	       "score    RCVD_IN_ORBL_%s %s\n",
		symbol, category_row(c)->meaning, symbol, snippet_advice_of(c).spamassassin);
}

/* A code cannot be told from a TXT record but by what it means. */
static void
print_text_rule(const struct snippet *s)
{
	const char *between = "";

	printf("# Shows the TXT record in the report.\n"
	       "header   RCVD_IN_ORBL_TEXT eval:check_rbl_txt('orbltext-lastexternal', '%s.', '",
		s->base.asked);
	for (size_t i = 0; i < CATEGORY_COUNT; i++)
		if (snippet_advice_of((enum category)i).rejects) {
			printf("%s%s", between, category_row((enum category)i)->meaning);
			between = "|";
		}
	puts("')\n"
	     "describe RCVD_IN_ORBL_TEXT Why it is listed\n"
	     "tflags   RCVD_IN_ORBL_TEXT net\n"
	     "score    RCVD_IN_ORBL_TEXT 0.001");
}

void
snippet_spamassassin(const struct snippet *s)
{
	snippet_print_head(s, "SpamAssassin 3.4 and later", "score:", "score:");
	puts("# The host that handed the mail to you is looked up: internal_networks and "
	     "trusted_networks\n"
	     "# must name your own relays. Then:  spamassassin --lint && systemctl restart spamd\n"
	     "# (or what else loads the rules, such as amavis).\n\n"
	     "#### /etc/spamassassin/orbl.cf\n"
	     "ifplugin Mail::SpamAssassin::Plugin::DNSEval");
	printf("header   __RCVD_IN_ORBL eval:check_rbl('orbl-lastexternal', '%s.')\n"
	       "tflags   __RCVD_IN_ORBL net\n",
		s->all.asked);
	for (size_t i = 0; i < CATEGORY_COUNT; i++)
		print_rule(s, (enum category)i);
	print_text_rule(s);
	puts("endif");
}
